#!/bin/sh
# Call the telephony web services with curl alone.
#
#   telefonia.sh OPERATION ARGUMENT...      (see ../README.md)
#
# TELEFONIA_URL, TELEFONIA_USER and TELEFONIA_SECRET come from the environment.
set -eu

url=${TELEFONIA_URL:-http://127.0.0.1:8000/soap}

escape() {
    printf %s "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g'
}

element() { # NAME VALUE; nothing for an empty value: ramal is optional
    [ -z "$2" ] || printf '<t:%s>%s</t:%s>' "$1" "$(escape "$2")" "$1"
}

operation=${1:-}
case "$operation" in
    obterQtdeSolicitacoes) arguments=$(element cpf "${2:-}") ;;
    obterDadosSolicitacao) arguments=$(element id "${2:-}") ;;
    novaSolicitacao) arguments=$(element cpf "${2:-}")$(element ramal "${3:-}") ;;
    visualizarSolicitacao) arguments=$(element id "${2:-}")$(element cpf "${3:-}")$(element ramal "${4:-}") ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

envelope="<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:t=\"urn:soap-service:telefonia:v1\">
<s:Body><t:$operation>$arguments</t:$operation></s:Body></s:Envelope>"

# The credential goes through a config on standard input, so that no process list shows it.
credential() {
    [ -z "${TELEFONIA_USER:-}" ] || printf 'user = "%s:%s"\n' "$TELEFONIA_USER" "${TELEFONIA_SECRET:-}"
}

# The service answers within 3 s or says INDISPONIVEL. One more try is safe: a repeat within 10 s is the same call.
answer=$(credential | curl -sS --config - --max-time 5 --retry 1 --retry-connrefused \
    -H 'Content-Type: text/xml; charset=utf-8' \
    -H "SOAPAction: \"urn:soap-service:telefonia:v1:$operation\"" \
    --data-binary "$envelope" "$url")

unescape() {
    sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g'
}

text_of() { # NAME: the text of the first element of that name
    printf %s "$answer" | tr -d '\n' | sed -n "s/.*<[a-z0-9]*:*$1>\([^<]*\)<.*/\1/p" | unescape
}

case "$answer" in
    *faultstring*) echo "$(text_of codigo): $(text_of faultstring)" >&2; exit 1 ;;
    *"${operation}Result"*) ;;
    *) echo "this is no answer of the service: $answer" >&2; exit 1 ;;
esac

case "$operation" in
    obterQtdeSolicitacoes) names= ; text_of obterQtdeSolicitacoesResult ; echo ;;
    obterDadosSolicitacao) names="id dataAbertura prazoLimite situacao dentroDoPrazo" ;;
    *) names="identificado aviso url mensagem" ;;
esac
for name in $names; do
    echo "$name=$(text_of "$name")"
done
