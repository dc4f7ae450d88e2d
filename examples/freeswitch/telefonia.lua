-- Service desk calls in FreeSWITCH: ask the document, speak what is open, announce the call, ring the agents.
--
--   <action application="lua" data="telefonia.lua"/>
--
-- Channel or global variables: telefonia_url, telefonia_user, telefonia_secret, telefonia_prompts (folder of the
-- recordings), telefonia_agent (the extension, 4067). Needs mod_lua, with any Lua from 5.1 to 5.4, and mod_curl.

local NAMESPACE = "urn:soap-service:telefonia:v1"
-- The service answers within 3 s or says INDISPONIVEL.
local TIMEOUT_SECONDS = 4

local api = freeswitch.API()

local function setting(name, otherwise)
  local value = session:getVariable("telefonia_" .. name)
  if value == nil or value == "" then
    return otherwise
  end
  return value
end

local function escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"))
end

local function percent_encode(text)
  return (text:gsub("[^%w._~-]", function(character)
    return ("%%%02X"):format(character:byte())
  end))
end

-- Put the credential into the address, the one way that mod_curl's API takes it.
local function address()
  local url = setting("url", "http://127.0.0.1:8000/soap")
  local user = setting("user")
  if user then
    local credential = percent_encode(user) .. ":" .. percent_encode(setting("secret", ""))
    url = url:gsub("^https?://", function(scheme)
      return scheme .. credential .. "@"
    end)
  end
  return url
end

-- Call an operation with { name, value } pairs; return the answering envelope, empty when none came in time.
local function call(operation, arguments)
  local elements = {}
  for _, pair in ipairs(arguments) do
    elements[#elements + 1] = ("<t:%s>%s</t:%s>"):format(pair[1], escape(pair[2]), pair[1])
  end
  local envelope = ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="%s"><s:Body><t:%s>%s</t:%s>'
    .. "</s:Body></s:Envelope>"):format(NAMESPACE, operation, table.concat(elements), operation)
  -- mod_curl splits its arguments at spaces and undoes the URL encoding of the posted data.
  local command = ("%s timeout %d content-type text/xml post %s"):format(
    address(),
    TIMEOUT_SECONDS,
    percent_encode(envelope)
  )
  return api:execute("curl", command) or ""
end

-- Return the text of the first element of that name; nil when it is absent, empty when it is empty or nil.
local function text_of(answer, name)
  local text = answer:match("<[%w]*:?" .. name .. ">([^<]*)<")
  if text then
    return text
  end
  return answer:match("<[%w]*:?" .. name .. "[ /]") and "" or nil
end

local prompts = setting("prompts", "telefonia") .. "/"

local function play(name)
  session:streamFile(prompts .. name .. ".wav")
end

-- Speak what is open for a document; return the number of the one request, if there is one.
local function consult(document)
  local answer = call("obterQtdeSolicitacoes", { { "cpf", document } })
  local count = text_of(answer, "obterQtdeSolicitacoesResult")
  if count == nil then
    freeswitch.consoleLog("warning", "telefonia: " .. (text_of(answer, "codigo") or "INDISPONIVEL") .. "\n")
    play("servico-indisponivel")
  elseif count == "" then
    play("nenhuma-solicitacao")
  elseif count:sub(1, 2) == "1?" then
    local number = count:sub(3)
    play("uma-solicitacao")
    session:say(number, "pt", "number", "iterated")
    return number
  else
    play("voce-tem")
    session:say(count, "pt", "number", "pronounced", "feminine")
    play("solicitacoes")
  end
end

session:answer()
-- 3 to 14 digits, 2 tries, 6 s, ended by #.
local document = session:playAndGetDigits(3, 14, 2, 6000, "#", prompts .. "informe-o-cpf.wav", "", "\\d+") or ""
local number = document ~= "" and consult(document) or nil
local agent = setting("agent", "4067")

if number then
  call("visualizarSolicitacao", { { "id", number }, { "cpf", document }, { "ramal", agent } })
else
  call("novaSolicitacao", { { "cpf", document }, { "ramal", agent } })
end
session:execute("bridge", "user/" .. agent)
