<?php
// Call the telephony web services with PHP's SoapClient: telefonia.php OPERATION ARGUMENT... (see ../README.md)

const ARGUMENTS = [
    'obterQtdeSolicitacoes' => ['cpf'],
    'obterDadosSolicitacao' => ['id'],
    'novaSolicitacao' => ['cpf', 'ramal'],
    'visualizarSolicitacao' => ['id', 'cpf', 'ramal'],
];

$operation = $argv[1] ?? '';
$values = array_slice($argv, 2);
if (!isset(ARGUMENTS[$operation])) {
    fwrite(STDERR, "usage: telefonia.php OPERATION ARGUMENT...\n");
    exit(2);
}
$url = getenv('TELEFONIA_URL') ?: 'http://127.0.0.1:8000/soap';
$options = ['location' => $url, 'connection_timeout' => 5];
if (getenv('TELEFONIA_USER')) {
    $options += ['login' => getenv('TELEFONIA_USER'), 'password' => getenv('TELEFONIA_SECRET')];
}
ini_set('default_socket_timeout', '5');  // the service answers within 3 s or says INDISPONIVEL

try {
    $client = new SoapClient("$url?wsdl", $options);
    $names = array_slice(ARGUMENTS[$operation], 0, count($values));
    $answer = $client->$operation(array_combine($names, array_slice($values, 0, count($names))));
} catch (SoapFault $fault) {
    $code = $fault->detail->erro->codigo ?? $fault->faultcode;
    fwrite(STDERR, "$code: {$fault->faultstring}\n");
    exit(1);
}
$result = $answer->{"{$operation}Result"};
if (is_string($result)) {
    echo "$result\n";
    exit(0);
}
foreach (get_object_vars($result) as $name => $value) {
    echo "$name=", is_bool($value) ? var_export($value, true) : $value, "\n";
}
