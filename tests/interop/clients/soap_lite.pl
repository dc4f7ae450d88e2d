# What a program on SOAP::Lite does; it knows the operations by name, without the WSDL.
use strict;
use warnings;
use utf8;
use SOAP::Lite;
binmode STDOUT, ':encoding(UTF-8)';

my ($endpoint, $secured, $user, $secret) = @ARGV;

sub connect_to {
    my ($address, $with) = @_;
    my $client = SOAP::Lite->proxy($address)->default_ns('urn:soap-service:telefonia:v1');
    $client->on_action(sub { join ':', @_ });
    $client->transport->http_request->headers->authorization_basic($user, $with) if $with;
    return $client;
}

# Call an operation with its arguments in order; dies with the sentence of a fault.
sub call {
    my ($client, $operation, @arguments) = @_;
    my @elements;
    while (my ($name, $value) = splice @arguments, 0, 2) {
        push @elements, SOAP::Data->name($name => $value)->type('string');
    }
    my $answer = $client->call($operation, @elements);
    die $answer->faultstring . "\n" if $answer->fault;
    return $answer->result;
}

sub say_line {
    my ($check, $code) = @_;
    my $value = eval { $code->() };
    print "$check=", $@ ? "refused: $@" =~ s/\n.*//sr : $value, "\n";
}

sub deadline {
    my ($data) = @_;
    return join '|', $data->{prazoLimite} // 'null', $data->{situacao}, $data->{dentroDoPrazo};
}

sub receipt {
    my ($answer) = @_;
    return join '|', @$answer{qw(identificado aviso mensagem url)};
}

my $client = connect_to($endpoint);
print "wsdl=-\n";
say_line(one => sub { call($client, 'obterQtdeSolicitacoes', cpf => '11144477735') });
say_line(several => sub { call($client, 'obterQtdeSolicitacoes', cpf => '52998224725') });
say_line(empty => sub { call($client, 'obterQtdeSolicitacoes', cpf => '12345678909') });
say_line(data => sub {
    my $data = call($client, 'obterDadosSolicitacao', id => 955);
    return join '|', $data->{id}, $data->{dataAbertura}, deadline($data);
});
say_line(no_deadline => sub { deadline(call($client, 'obterDadosSolicitacao', id => 34537)) });
say_line(suspended => sub { deadline(call($client, 'obterDadosSolicitacao', id => 34539)) });
my $fault = $client->call('obterDadosSolicitacao', SOAP::Data->name(id => 999999));
print 'fault=', $fault->faultcode =~ s/.*://r, '|', $fault->faultdetail->{erro}{codigo}, "\n";
print 'accents=', $fault->faultstring, "\n";
say_line(extension => sub { receipt(call($client, 'novaSolicitacao', cpf => '11144477735', ramal => '4099')) });
say_line(no_extension => sub { receipt(call($client, 'novaSolicitacao', cpf => '11144477735')) });
say_line(view => sub {
    receipt(call($client, 'visualizarSolicitacao', id => 34534, cpf => '11144477735', ramal => '4099'));
});
for (['basic', $secret], ['wrong_secret', 'wrong']) {
    my ($check, $given) = @$_;
    say_line($check => sub { call(connect_to($secured, $given), 'obterQtdeSolicitacoes', cpf => '11144477735') });
}
