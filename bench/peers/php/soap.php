<?php
// The look-up with PHP's own SoapServer: a process answers many requests, so a persistent PDO connection is held; PHP
// prepares the statement for each request, as it keeps nothing else between them.
final class Telefonia
{
    public function obterQtdeSolicitacoes(object $parameters): array
    {
        $database = new PDO('sqlite:' . $_SERVER['BENCH_DATABASE'], null, null, [
            PDO::ATTR_PERSISTENT => true,
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        ]);
        $query = $database->prepare(
            'SELECT q.open_requests, CASE WHEN q.open_requests = 1 THEN (SELECT max(r.id) FROM request r '
            . "WHERE r.requester_id = q.id AND r.situation IN ('EmAndamento', 'Reaberta')) END "
            . 'FROM requester q WHERE q.document = ?'
        );
        $query->execute([$parameters->cpf]);
        [$count, $number] = $query->fetch(PDO::FETCH_NUM) ?: [0, null];
        $query->closeCursor();
        return ['obterQtdeSolicitacoesResult' => match ((int) $count) {
            0 => '',
            1 => "1?$number",
            default => (string) $count,
        }];
    }
}

$server = new SoapServer($_SERVER['BENCH_WSDL'], ['cache_wsdl' => WSDL_CACHE_BOTH]);
$server->setClass(Telefonia::class);
$server->handle();
