<?php
// What a program on PHP's SoapClient does with the published WSDL.
[, $endpoint, $secured, $user, $secret] = $argv;
ini_set('soap.wsdl_cache_enabled', '0');

function line(string $check, string $value): void
{
    echo "$check=$value\n";
}

function say(string $check, callable $call): void
{
    try {
        line($check, $call() ?? 'null');
    } catch (Throwable $error) {
        line($check, 'refused: ' . $error->getMessage());
    }
}

function truth(bool $value): string
{
    return $value ? 'true' : 'false';
}

function receipt(object $answer): string
{
    return implode('|', [truth($answer->identificado), $answer->aviso, $answer->mensagem, $answer->url]);
}

function deadline(object $data): string
{
    return implode('|', [$data->prazoLimite ?? 'null', $data->situacao, truth($data->dentroDoPrazo)]);
}

$client = new SoapClient("$endpoint?wsdl");
say('wsdl', fn () => count($client->__getFunctions()) === 4 ? 'ok' : 'functions are missing');
$count = fn (string $document, SoapClient $with) =>
    $with->obterQtdeSolicitacoes(['cpf' => $document])->obterQtdeSolicitacoesResult;
say('one', fn () => $count('11144477735', $client));
say('several', fn () => $count('52998224725', $client));
say('empty', fn () => $count('12345678909', $client));
$data = fn (int $number) => $client->obterDadosSolicitacao(['id' => $number])->obterDadosSolicitacaoResult;
say('data', function () use ($data) {
    $found = $data(955);
    return implode('|', [
        $found->id, $found->dataAbertura, $found->prazoLimite, $found->situacao, truth($found->dentroDoPrazo),
    ]);
});
say('no_deadline', fn () => deadline($data(34537)));
say('suspended', fn () => deadline($data(34539)));
try {
    $data(999999);
} catch (SoapFault $fault) {
    $parts = explode(':', $fault->faultcode);
    line('fault', end($parts) . '|' . $fault->detail->erro->codigo);
    line('accents', $fault->faultstring);
}
say('extension', fn () => receipt(
    $client->novaSolicitacao(['cpf' => '11144477735', 'ramal' => '4099'])->novaSolicitacaoResult
));
say('no_extension', fn () => receipt($client->novaSolicitacao(['cpf' => '11144477735'])->novaSolicitacaoResult));
say('view', fn () => receipt($client->visualizarSolicitacao(
    ['id' => 34534, 'cpf' => '11144477735', 'ramal' => '4099']
)->visualizarSolicitacaoResult));
foreach (['basic' => $secret, 'wrong_secret' => 'wrong'] as $check => $given) {
    say($check, fn () => $count('11144477735', new SoapClient(
        "$endpoint?wsdl",
        ['location' => $secured, 'login' => $user, 'password' => $given]
    )));
}
