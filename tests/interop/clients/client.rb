# What a program on soap4r does with the published WSDL.
require 'soap/wsdlDriver'
$stdout.set_encoding('UTF-8')

endpoint, secured, user, secret = ARGV

def line(check, value)
  puts "#{check}=#{value}"
end

def say(check)
  line(check, yield)
rescue StandardError => e
  line(check, "refused: #{e.message.lines.first}")
end

def deadline(data)
  "#{data.prazoLimite || 'null'}|#{data.situacao}|#{data.dentroDoPrazo}"
end

def receipt(answer)
  "#{answer.identificado}|#{answer.aviso}|#{answer.mensagem}|#{answer.url}"
end

factory = SOAP::WSDLDriverFactory.new("#{endpoint}?wsdl")
service = factory.create_rpc_driver
line('wsdl', 'ok')
say('one') { service.obterQtdeSolicitacoes(cpf: '11144477735').obterQtdeSolicitacoesResult }
say('several') { service.obterQtdeSolicitacoes(cpf: '52998224725').obterQtdeSolicitacoesResult }
say('empty') { service.obterQtdeSolicitacoes(cpf: '12345678909').obterQtdeSolicitacoesResult }
say('data') do
  data = service.obterDadosSolicitacao(id: 955).obterDadosSolicitacaoResult
  "#{data.id}|#{data.dataAbertura}|#{deadline(data)}"
end
say('no_deadline') { deadline(service.obterDadosSolicitacao(id: 34537).obterDadosSolicitacaoResult) }
say('suspended') { deadline(service.obterDadosSolicitacao(id: 34539).obterDadosSolicitacaoResult) }
begin
  service.obterDadosSolicitacao(id: 999999)
rescue SOAP::FaultError => e
  line('fault', "#{e.faultcode.data.split(':').last}|#{e.detail.erro.codigo}")
  line('accents', e.faultstring.data)
end
say('extension') { receipt(service.novaSolicitacao(cpf: '11144477735', ramal: '4099').novaSolicitacaoResult) }
say('no_extension') { receipt(service.novaSolicitacao(cpf: '11144477735').novaSolicitacaoResult) }
say('view') do
  receipt(service.visualizarSolicitacao(id: 34534, cpf: '11144477735', ramal: '4099').visualizarSolicitacaoResult)
end
{ 'basic' => secret, 'wrong_secret' => 'wrong' }.each do |check, given|
  other = factory.create_rpc_driver
  other.endpoint_url = secured
  other.options['protocol.http.basic_auth'] << [secured, user, given]
  say(check) { other.obterQtdeSolicitacoes(cpf: '11144477735').obterQtdeSolicitacoesResult }
end
