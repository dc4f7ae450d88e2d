# What a program on Tcl's WS::Client does with the published WSDL.
package require WS::Client

lassign $argv endpoint secured user secret
fconfigure stdout -encoding utf-8

proc line {check value} {
    puts "$check=$value"
}

proc say {check script} {
    if {[catch {uplevel #0 $script} value]} {
        set value "refused: [lindex [split $value \n] 0]"
    }
    line $check $value
}

proc call {operation arguments {headers {}}} {
    return [dict get [::WS::Client::DoCall TelefoniaService $operation $arguments $headers] ${operation}Result]
}

proc deadline {data} {
    dict with data {
        return "[expr {$prazoLimite eq "" ? "null" : $prazoLimite}]|$situacao|$dentroDoPrazo"
    }
}

proc receipt {answer} {
    dict with answer {
        return "$identificado|$aviso|$mensagem|$url"
    }
}

::WS::Client::GetAndParseWsdl "$endpoint?wsdl"
line wsdl [expr {[llength [::WS::Client::GetOperationList TelefoniaService]] == 4 ? "ok" : "operations are missing"}]
say one {call obterQtdeSolicitacoes {cpf 11144477735}}
say several {call obterQtdeSolicitacoes {cpf 52998224725}}
say empty {call obterQtdeSolicitacoes {cpf 12345678909}}
say data {
    set data [call obterDadosSolicitacao {id 955}]
    join [list [dict get $data id] [dict get $data dataAbertura] [deadline $data]] |
}
say no_deadline {deadline [call obterDadosSolicitacao {id 34537}]}
say suspended {deadline [call obterDadosSolicitacao {id 34539}]}
catch {call obterDadosSolicitacao {id 999999}} sentence fault
set code [lindex [split [lindex [dict get $fault -errorcode] end] :] end]
# The text of the detail, which is the code, is the first line of errorInfo.
line fault "$code|[string trim [lindex [split [dict get $fault -errorinfo] \n] 0]]"
line accents $sentence
say extension {receipt [call novaSolicitacao {cpf 11144477735 ramal 4099}]}
say no_extension {receipt [call novaSolicitacao {cpf 11144477735}]}
say view {receipt [call visualizarSolicitacao {id 34534 cpf 11144477735 ramal 4099}]}
::WS::Client::Config TelefoniaService location $secured
foreach {check given} [list basic $secret wrong_secret wrong] {
    set credential [list Authorization "Basic [binary encode base64 $user:$given]"]
    say $check {call obterQtdeSolicitacoes {cpf 11144477735} $credential}
}
