-- A double of what FreeSWITCH gives a script: `session` and `freeswitch`, no more than the kit uses. It prints what the
-- caller would hear, and makes the HTTP calls that mod_curl would make, with the real curl.
--
--   lua platform.lua SCRIPT DIGITS [VARIABLE=VALUE ...]
--
-- Source: mod_curl's API: arguments split at spaces, `post` takes one, whose URL encoding is undone.

local script, digits = arg[1], arg[2]
local variables = {}
for at = 3, #arg do
  local name, value = arg[at]:match("^([^=]+)=(.*)$")
  variables[name] = value
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function curl(command)
  local words = {}
  for word in command:gmatch("%S+") do
    words[#words + 1] = word
  end
  local line = "curl -s " .. quoted(words[1])
  local at = 2
  while at <= #words do
    local word, value = words[at], words[at + 1]
    if word == "timeout" then
      line = line .. " --max-time " .. quoted(value)
    elseif word == "content-type" then
      line = line .. " -H " .. quoted("Content-Type: " .. value)
    elseif word == "post" then
      local data = value:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
      end)
      line = line .. " --data-binary " .. quoted(data)
    else
      error("mod_curl does not know " .. word)
    end
    at = at + 2
  end
  local pipe = io.popen(line)
  local answer = pipe:read("*a")
  pipe:close()
  return answer
end

freeswitch = {
  API = function()
    return {
      execute = function(_, name, arguments)
        assert(name == "curl", name)
        return curl(arguments)
      end,
    }
  end,
  consoleLog = function(level, text)
    io.write("log ", level, " ", text)
  end,
}

session = {
  answer = function()
    print("answer")
  end,
  getVariable = function(_, name)
    return variables[name]
  end,
  streamFile = function(_, file)
    print("play " .. file)
  end,
  say = function(_, text, ...)
    print("say " .. table.concat({ text, ... }, " "))
  end,
  playAndGetDigits = function(_, _, _, _, _, _, file)
    print("ask " .. file)
    return digits
  end,
  execute = function(_, application, data)
    print("execute " .. application .. " " .. data)
  end,
}

dofile(script)
