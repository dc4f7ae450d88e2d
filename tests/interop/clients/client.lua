-- What a program on LuaSOAP does; it knows the operations by name, without the WSDL.
local mime = require("mime")
local soap = require("soap")
local client = require("soap.client")

local endpoint, secured, user, secret = arg[1], arg[2], arg[3], arg[4]
local NAMESPACE = "urn:soap-service:telefonia:v1"

-- Return the text of each element of LuaExpat's tree, by name without prefix; a nil one has none.
local function texts(element, found)
  for _, child in ipairs(element) do
    if type(child) == "table" then
      local name = child.tag:gsub("^.*:", "")
      found[name] = type(child[1]) == "string" and child[1] or found[name]
      texts(child, found)
    end
  end
  return found
end

-- Call an operation; return the texts of the answer. LuaSOAP raises a fault as an error that ends in the answer.
local function call(operation, arguments, address, credential)
  local entries = {}
  for _, argument in ipairs(arguments) do
    entries[#entries + 1] = { tag = argument[1], argument[2] }
  end
  local _, _, answer = client.call({
    url = address or endpoint,
    soapaction = NAMESPACE .. ":" .. operation,
    namespace = NAMESPACE,
    method = operation,
    entries = entries,
    headers = credential and { Authorization = "Basic " .. mime.b64(user .. ":" .. credential) },
  })
  return texts(answer, {})
end

local function say(check, make)
  local ok, value = pcall(make)
  print(check .. "=" .. (ok and value or "refused: " .. tostring(value):match("[^\n]*")))
end

local function count(document, address, credential)
  local answer = call("obterQtdeSolicitacoes", { { "cpf", document } }, address, credential)
  return answer.obterQtdeSolicitacoesResult or ""
end

local function data(number)
  return call("obterDadosSolicitacao", { { "id", number } })
end

local function deadline(found)
  return table.concat({ found.prazoLimite or "null", found.situacao, found.dentroDoPrazo }, "|")
end

local function receipt(operation, ...)
  local answer = call(operation, { ... })
  return table.concat({ answer.identificado, answer.aviso, answer.mensagem, answer.url }, "|")
end

print("wsdl=-")
say("one", function() return count("11144477735") end)
say("several", function() return count("52998224725") end)
say("empty", function() return count("12345678909") end)
say("data", function()
  local found = data("955")
  return table.concat({ found.id, found.dataAbertura, deadline(found) }, "|")
end)
say("no_deadline", function() return deadline(data("34537")) end)
say("suspended", function() return deadline(data("34539")) end)
local _, failure = pcall(data, "999999")
local _, _, fault = soap.decode(failure:match("<.*"))
local said = texts(fault, {})
print("fault=" .. said.faultcode:gsub("^.*:", "") .. "|" .. said.codigo)
print("accents=" .. said.faultstring)
say("extension", function() return receipt("novaSolicitacao", { "cpf", "11144477735" }, { "ramal", "4099" }) end)
say("no_extension", function() return receipt("novaSolicitacao", { "cpf", "11144477735" }) end)
say("view", function()
  return receipt("visualizarSolicitacao", { "id", "34534" }, { "cpf", "11144477735" }, { "ramal", "4099" })
end)
say("basic", function() return count("11144477735", secured, secret) end)
say("wrong_secret", function() return count("11144477735", secured, "wrong") end)
