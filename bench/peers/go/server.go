// The look-up in Go: net/http and encoding/xml, on SQLite by database/sql and mattn's driver, on PostgreSQL by pgx.
// Statements are prepared, connections pooled; GOMAXPROCS is Go's own default, every core.
package main

import (
	"context"
	"database/sql"
	"encoding/xml"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
	"github.com/mattn/go-sqlite3"
)

const (
	soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/"
	namespace     = "urn:soap-service:telefonia:v1"
	xsiNamespace  = "http://www.w3.org/2001/XMLSchema-instance"
	maxBodyBytes  = 64 * 1024
	// connections is how many to PostgreSQL are open at most; fewer wait more, more cost as much.
	connections = 16
)

// countQuery and dataQuery have one parameter each, written as the database wants it.
const (
	countQuery = "SELECT q.open_requests, CASE WHEN q.open_requests = 1 THEN (SELECT max(r.id) FROM request r " +
		"WHERE r.requester_id = q.id AND r.situation IN ('EmAndamento', 'Reaberta')) END " +
		"FROM requester q WHERE q.document = "
	dataQuery = "SELECT opened_at, due_at, closed_at, situation FROM request WHERE id = "
)

// row is what database/sql and pgx have in common.
type row interface {
	Scan(dest ...interface{}) error
}

// store has the two look-ups of one database.
type store struct {
	count func(document string) row
	data  func(id int32) row
}

// openStore opens the database that an address names: a file, or a postgresql:// URL.
func openStore(address string) (*store, error) {
	if strings.HasPrefix(address, "postgresql://") {
		return openPostgreSQL(address)
	}
	return openSQLite(address)
}

func openSQLite(file string) (*store, error) {
	sql.Register("sqlite3_mapped", &sqlite3.SQLiteDriver{ConnectHook: func(connection *sqlite3.SQLiteConn) error {
		_, err := connection.Exec("PRAGMA mmap_size=1073741824", nil)
		return err
	}})
	database, err := sql.Open("sqlite3_mapped", "file:"+file+"?_journal_mode=WAL&_busy_timeout=5000&_query_only=true")
	if err != nil {
		return nil, err
	}
	most := 2 * runtime.NumCPU() // a look-up waits for nothing: with more, threads only take turns
	database.SetMaxOpenConns(most)
	database.SetMaxIdleConns(most)
	count, err := database.Prepare(countQuery + "?")
	if err != nil {
		return nil, err
	}
	data, err := database.Prepare(dataQuery + "?")
	if err != nil {
		return nil, err
	}
	// Without the request's context: the driver starts a goroutine for each query that could be cancelled, and these
	// take microseconds.
	return &store{
		count: func(document string) row { return count.QueryRow(document) },
		data:  func(id int32) row { return data.QueryRow(id) },
	}, nil
}

func openPostgreSQL(url string) (*store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	if err != nil {
		return nil, err
	}
	// pgx prepares each statement once in each connection.
	return &store{
		count: func(document string) row { return pool.QueryRow(context.Background(), countQuery+"$1", document) },
		data:  func(id int32) row { return pool.QueryRow(context.Background(), dataQuery+"$1", id) },
	}, nil
}

type requestEnvelope struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Body    *struct {
		Count *struct {
			CPF *string `xml:"cpf"`
		} `xml:"urn:soap-service:telefonia:v1 obterQtdeSolicitacoes"`
		Data *struct {
			ID *string `xml:"id"`
		} `xml:"urn:soap-service:telefonia:v1 obterDadosSolicitacao"`
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

type answerEnvelope struct {
	XMLName xml.Name    `xml:"soap:Envelope"`
	SOAP    string      `xml:"xmlns:soap,attr"`
	TNS     string      `xml:"xmlns:tns,attr"`
	XSI     string      `xml:"xmlns:xsi,attr"`
	Answer  interface{} `xml:"soap:Body>answer"`
}

type countAnswer struct {
	XMLName xml.Name `xml:"tns:obterQtdeSolicitacoesResponse"`
	Result  string   `xml:"tns:obterQtdeSolicitacoesResult"`
}

type dataAnswer struct {
	XMLName xml.Name    `xml:"tns:obterDadosSolicitacaoResponse"`
	Result  requestData `xml:"tns:obterDadosSolicitacaoResult"`
}

type requestData struct {
	ID        int32    `xml:"tns:id"`
	OpenedAt  string   `xml:"tns:dataAbertura"`
	Deadline  nillable `xml:"tns:prazoLimite"`
	Situation string   `xml:"tns:situacao"`
	IsInTime  bool     `xml:"tns:dentroDoPrazo"`
}

// nillable is an element that is empty and says so, or has a text.
type nillable struct {
	Nil  string `xml:"xsi:nil,attr,omitempty"`
	Text string `xml:",chardata"`
}

// fault is an error that the client is told of.
type fault struct {
	XMLName xml.Name `xml:"soap:Fault"`
	Code    string   `xml:"faultcode"`
	Text    string   `xml:"faultstring"`
	Detail  string   `xml:"detail>tns:erro>tns:codigo"`
}

func (f *fault) Error() string { return f.Detail }

func clientFault(code, text string) *fault {
	return &fault{Code: "soap:Client", Text: text, Detail: code}
}

// service answers the operations.
type service struct {
	store *store
	zone  *time.Location
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "POST a SOAP message", http.StatusMethodNotAllowed)
		return
	}
	status := http.StatusOK
	answer, err := s.answer(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		refusal, isKnown := err.(*fault)
		if !isKnown {
			log.Print(err)
			refusal = &fault{Code: "soap:Server", Text: "O serviço está indisponível no momento.", Detail: "INDISPONIVEL"}
		}
		status, answer = http.StatusInternalServerError, refusal
	}
	written, err := xml.Marshal(answerEnvelope{SOAP: soapNamespace, TNS: namespace, XSI: xsiNamespace, Answer: answer})
	if err != nil {
		log.Print(err)
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(xml.Header)+len(written)))
	w.WriteHeader(status)
	io.WriteString(w, xml.Header)
	w.Write(written)
}

func (s *service) answer(body io.Reader) (interface{}, error) {
	var asked requestEnvelope
	if err := xml.NewDecoder(body).Decode(&asked); err != nil {
		return nil, clientFault("MENSAGEM_INVALIDA", err.Error())
	}
	switch {
	case asked.Body == nil:
		return nil, clientFault("MENSAGEM_INVALIDA", "O envelope não tem corpo (Body).")
	case asked.Body.Count != nil:
		return s.countOpenRequests(asked.Body.Count.CPF)
	case asked.Body.Data != nil:
		return s.describeRequest(asked.Body.Data.ID)
	}
	return nil, clientFault("OPERACAO_DESCONHECIDA", "A operação não existe.")
}

func (s *service) countOpenRequests(document *string) (*countAnswer, error) {
	if document == nil || strings.TrimSpace(*document) == "" {
		return nil, clientFault("PARAMETRO_AUSENTE", "O elemento cpf é obrigatório e não foi informado.")
	}
	var (
		count  int
		number *int64
	)
	err := s.store.count(strings.TrimSpace(*document)).Scan(&count, &number)
	switch {
	case isMissing(err) || err == nil && count == 0:
		return &countAnswer{}, nil
	case err != nil:
		return nil, err
	case number != nil:
		return &countAnswer{Result: "1?" + strconv.FormatInt(*number, 10)}, nil
	}
	return &countAnswer{Result: strconv.Itoa(count)}, nil
}

func (s *service) describeRequest(text *string) (*dataAnswer, error) {
	if text == nil || strings.TrimSpace(*text) == "" {
		return nil, clientFault("PARAMETRO_AUSENTE", "O elemento id é obrigatório e não foi informado.")
	}
	id, err := strconv.ParseInt(strings.TrimSpace(*text), 10, 32)
	if err != nil || id < 1 {
		return nil, clientFault("PARAMETRO_INVALIDO", "O elemento id tem um valor inválido.")
	}
	var (
		opened      time.Time
		due, closed *time.Time
		situation   string
	)
	err = s.store.data(int32(id)).Scan(&opened, &due, &closed, &situation)
	if isMissing(err) {
		return nil, clientFault("SOLICITACAO_NAO_ENCONTRADA", "A solicitação não foi encontrada para os dados informados.")
	}
	if err != nil {
		return nil, err
	}
	data := requestData{
		ID:        int32(id),
		OpenedAt:  s.local(opened),
		Deadline:  nillable{Nil: "true"},
		Situation: situation,
		IsInTime:  !isLate(situation, due, closed),
	}
	if situation == "EmAndamento" {
		data.Situation = "Em andamento"
	}
	if due != nil && situation != "Suspensa" {
		data.Deadline = nillable{Text: s.local(*due)}
	}
	return &dataAnswer{Result: data}, nil
}

// local writes a moment as the service desk's clocks show it, with the offset.
func (s *service) local(moment time.Time) string {
	return moment.In(s.zone).Format("2006-01-02T15:04:05-07:00")
}

// isLate tells whether a request with a deadline was finished after it, or is not finished and it has passed.
func isLate(situation string, due, closed *time.Time) bool {
	if due == nil || situation == "Suspensa" || situation == "Cancelada" {
		return false
	}
	reference := time.Now()
	if closed != nil {
		reference = *closed
	}
	return reference.After(*due)
}

func isMissing(err error) bool {
	return errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows)
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("server DATABASE PORT")
	}
	store, err := openStore(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		log.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.Handle("/soap", &service{store, zone})
	server := http.Server{
		Addr:              "127.0.0.1:" + os.Args[2],
		Handler:           routes,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       75 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}
