# What a program on SOAP::WSDL does with the classes that wsdl2perl made.
use strict;
use warnings;
use utf8;
use lib '.';
use MyInterfaces::TelefoniaService::TelefoniaPort;
binmode STDOUT, ':encoding(UTF-8)';

my ($endpoint, $secured, $user, $secret) = @ARGV;

# The detail of a fault is not in the WSDL: a strict reader dies of it, and the fault's sentence with it.
sub connect_to {
    my ($address) = @_;
    my $client = MyInterfaces::TelefoniaService::TelefoniaPort->new({deserializer_args => {strict => 0}});
    $client->set_proxy($address);
    return $client;
}

# Return the result of an operation; dies with the sentence of a fault, which is false.
sub result_of {
    my ($client, $operation, $values) = @_;
    my $answer = $client->$operation($values);
    die $answer->get_faultstring . "\n" unless $answer;
    my $result = "get_${operation}Result";
    return $answer->$result;
}

sub say_line {
    my ($check, $code) = @_;
    my $value = eval { $code->() };
    print "$check=", $@ ? "refused: $@" =~ s/\n.*//sr : $value, "\n";
}

sub truth { $_[0] ? 'true' : 'false' }

sub deadline {
    my ($data) = @_;
    my $limit = $data->get_prazoLimite;
    return join '|', length "$limit" ? $limit : 'null', $data->get_situacao, truth($data->get_dentroDoPrazo);
}

sub receipt {
    my ($answer) = @_;
    return join '|', truth($answer->get_identificado), $answer->get_aviso, $answer->get_mensagem, $answer->get_url;
}

my $client = connect_to($endpoint);
print "wsdl=ok\n";
say_line(one => sub { result_of($client, 'obterQtdeSolicitacoes', {cpf => '11144477735'}) });
say_line(several => sub { result_of($client, 'obterQtdeSolicitacoes', {cpf => '52998224725'}) });
say_line(empty => sub { result_of($client, 'obterQtdeSolicitacoes', {cpf => '12345678909'}) });
say_line(data => sub {
    my $data = result_of($client, 'obterDadosSolicitacao', {id => 955});
    return join '|', $data->get_id, $data->get_dataAbertura, deadline($data);
});
say_line(no_deadline => sub { deadline(result_of($client, 'obterDadosSolicitacao', {id => 34537})) });
say_line(suspended => sub { deadline(result_of($client, 'obterDadosSolicitacao', {id => 34539})) });
my $fault = $client->obterDadosSolicitacao({id => 999999});
# The class of a fault has no place for the machine code: it is read from the answer as it came.
$client->set_outputxml(1);
my ($code) = $client->obterDadosSolicitacao({id => 999999}) =~ /codigo>([^<]*)</;
$client->set_outputxml(0);
print 'fault=', $fault->get_faultcode =~ s/.*://r, "|$code\n";
print 'accents=', $fault->get_faultstring, "\n";
say_line(extension => sub {
    receipt(result_of($client, 'novaSolicitacao', {cpf => '11144477735', ramal => '4099'}));
});
say_line(no_extension => sub { receipt(result_of($client, 'novaSolicitacao', {cpf => '11144477735'})) });
say_line(view => sub {
    receipt(result_of($client, 'visualizarSolicitacao', {id => 34534, cpf => '11144477735', ramal => '4099'}));
});
for (['basic', $secret], ['wrong_secret', 'wrong']) {
    my ($check, $given) = @$_;
    my $other = connect_to($secured);
    $other->get_transport->default_headers->authorization_basic($user, $given);
    say_line($check => sub { result_of($other, 'obterQtdeSolicitacoes', {cpf => '11144477735'}) });
}
