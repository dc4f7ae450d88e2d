<?php
// What a program on NuSOAP does with the published WSDL. NuSOAP runs on PHP 7 and older.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE & ~E_WARNING);
require 'nusoap/nusoap.php';

[, $endpoint, $secured, $user, $secret] = $argv;

function connect(string $wsdl): nusoap_client
{
    $client = new nusoap_client($wsdl, 'wsdl');
    $client->soap_defencoding = 'UTF-8';
    $client->decode_utf8 = false;
    return $client;
}

function call(nusoap_client $client, string $operation, array $values)
{
    $answer = $client->call($operation, [$values]);
    if ($error = $client->getError()) {
        throw new RuntimeException($error);
    }
    return $answer["{$operation}Result"];
}

function say(string $check, callable $call): void
{
    try {
        $value = $call();
    } catch (RuntimeException $error) {
        $value = "refused: {$error->getMessage()}";
    }
    echo "$check=$value\n";
}

function deadline(array $data): string
{
    return implode('|', [$data['prazoLimite'] ?: 'null', $data['situacao'], $data['dentroDoPrazo']]);
}

function receipt(array $answer): string
{
    return implode('|', [$answer['identificado'], $answer['aviso'], $answer['mensagem'], $answer['url']]);
}

$client = connect("$endpoint?wsdl");
echo 'wsdl=', $client->getError() ?: 'ok', "\n";
say('one', fn () => call($client, 'obterQtdeSolicitacoes', ['cpf' => '11144477735']));
say('several', fn () => call($client, 'obterQtdeSolicitacoes', ['cpf' => '52998224725']));
say('empty', fn () => call($client, 'obterQtdeSolicitacoes', ['cpf' => '12345678909']));
say('data', function () use ($client) {
    $data = call($client, 'obterDadosSolicitacao', ['id' => 955]);
    return "{$data['id']}|{$data['dataAbertura']}|" . deadline($data);
});
say('no_deadline', fn () => deadline(call($client, 'obterDadosSolicitacao', ['id' => 34537])));
say('suspended', fn () => deadline(call($client, 'obterDadosSolicitacao', ['id' => 34539])));
$fault = $client->call('obterDadosSolicitacao', [['id' => 999999]]);
$code = explode(':', $fault['faultcode']);
echo 'fault=', end($code), '|', $fault['detail']['erro']['codigo'], "\n";
echo 'accents=', $fault['faultstring'], "\n";
say('extension', fn () => receipt(
    call($client, 'novaSolicitacao', ['cpf' => '11144477735', 'ramal' => '4099'])
));
say('no_extension', fn () => receipt(call($client, 'novaSolicitacao', ['cpf' => '11144477735'])));
say('view', fn () => receipt(
    call($client, 'visualizarSolicitacao', ['id' => 34534, 'cpf' => '11144477735', 'ramal' => '4099'])
));
foreach (['basic' => $secret, 'wrong_secret' => 'wrong'] as $check => $given) {
    $other = connect("$secured?wsdl");
    $other->setCredentials($user, $given);
    say($check, fn () => call($other, 'obterQtdeSolicitacoes', ['cpf' => '11144477735']));
}
