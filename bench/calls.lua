-- wrk: one SOAP operation, another document or number each time, with a credential if there is one. Arguments: operation, known keys.
local operation, known, credential
local index = math.random(0, 1000000)

function init(arguments)
  operation, known, credential = arguments[1], tonumber(arguments[2]), arguments[3]
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "text/xml; charset=utf-8"
  wrk.headers["SOAPAction"] = '"urn:soap-service:telefonia:v1:' .. operation .. '"'
  if credential ~= "" then wrk.headers["Authorization"] = "Basic " .. credential end
end

function request()
  index = (index + 37) % known
  local argument
  if operation == "obterDadosSolicitacao" then
    argument = "<tns:id>" .. 1000000 + index .. "</tns:id>"
  else
    argument = string.format("<tns:cpf>%011.0f</tns:cpf>", (index * 7919 + 13) % 99999999999)
  end
  if operation == "novaSolicitacao" then argument = argument .. "<tns:ramal>4067</tns:ramal>" end
  return wrk.format(nil, nil, nil,
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    .. 'xmlns:tns="urn:soap-service:telefonia:v1"><soapenv:Body><tns:' .. operation .. ">" .. argument .. "</tns:"
    .. operation .. "></soapenv:Body></soapenv:Envelope>")
end
