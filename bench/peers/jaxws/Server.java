import bench.telefonia.DadosSolicitacao;
import bench.telefonia.RespostaChamada;
import bench.telefonia.TelefoniaPortType;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.concurrent.Executors;
import javax.jws.WebService;
import javax.xml.datatype.DatatypeConstants;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPException;
import javax.xml.soap.SOAPFactory;
import javax.xml.ws.Endpoint;
import javax.xml.ws.WebServiceException;
import javax.xml.ws.soap.SOAPFaultException;

/**
 * The look-up with the JAX-WS reference implementation on the JDK's own HTTP server: a thread pool, and in each of its
 * threads a held connection with a prepared statement. The interface is wsimport's, from wsdl/telefonia.wsdl.
 */
@WebService(
        endpointInterface = "bench.telefonia.TelefoniaPortType",
        targetNamespace = "urn:soap-service:telefonia:v1",
        serviceName = "TelefoniaService",
        portName = "TelefoniaPort")
public class Server implements TelefoniaPortType {
    private static final String QUERY =
            "SELECT q.open_requests, CASE WHEN q.open_requests = 1 THEN (SELECT max(r.id) FROM request r "
                    + "WHERE r.requester_id = q.id AND r.situation IN ('EmAndamento', 'Reaberta')) END "
                    + "FROM requester q WHERE q.document = ?";

    private static final String DATA = "SELECT situation, opened_at, due_at, closed_at FROM request WHERE id = ?";

    private static final QName CLIENT = new QName("http://schemas.xmlsoap.org/soap/envelope/", "Client");

    private static final DatatypeFactory TYPES = DatatypeFactory.newDefaultInstance();

    private final ThreadLocal<PreparedStatement> query;
    private final ThreadLocal<PreparedStatement> data;

    Server(String database) {
        query = ThreadLocal.withInitial(() -> prepare(database, QUERY));
        data = ThreadLocal.withInitial(() -> prepare(database, DATA));
    }

    private static PreparedStatement prepare(String database, String text) {
        try {
            Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
            try (var statement = connection.createStatement()) {
                statement.execute("PRAGMA query_only=ON");
                statement.execute("PRAGMA mmap_size=1073741824");
            }
            return connection.prepareStatement(text);
        } catch (SQLException error) {
            throw new WebServiceException(error);
        }
    }

    @Override
    public String obterQtdeSolicitacoes(String cpf) {
        try {
            PreparedStatement statement = query.get();
            statement.setString(1, cpf);
            // Closing the result set ends the read transaction.
            try (ResultSet rows = statement.executeQuery()) {
                long count = rows.next() ? rows.getLong(1) : 0;
                return count == 0 ? "" : count == 1 ? "1?" + rows.getLong(2) : Long.toString(count);
            }
        } catch (SQLException error) {
            throw new WebServiceException(error);
        }
    }

    @Override
    public DadosSolicitacao obterDadosSolicitacao(int id) {
        try {
            PreparedStatement statement = data.get();
            statement.setInt(1, id);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new SOAPFaultException(SOAPFactory.newInstance().createFault("no such request", CLIENT));
                }
                String situation = rows.getString(1);
                Instant limit = situation.equals("Suspensa") ? null : instant(rows.getString(3));
                Instant closed = instant(rows.getString(4));
                DadosSolicitacao found = new DadosSolicitacao();
                found.setId(id);
                found.setDataAbertura(calendar(instant(rows.getString(2))));
                found.setPrazoLimite(limit == null ? null : calendar(limit));
                found.setSituacao(situation.equals("EmAndamento") ? "Em andamento" : situation);
                found.setDentroDoPrazo(limit == null || situation.equals("Cancelada") || !(closed == null ? Instant.now() : closed).isAfter(limit));
                return found;
            }
        } catch (SQLException | SOAPException error) {
            throw new WebServiceException(error);
        }
    }

    private static Instant instant(String text) {
        return text == null ? null : LocalDateTime.parse(text.replace(' ', 'T')).toInstant(ZoneOffset.UTC);
    }

    private static XMLGregorianCalendar calendar(Instant instant) {
        var utc = instant.atOffset(ZoneOffset.UTC);
        return TYPES.newXMLGregorianCalendar(
                utc.getYear(), utc.getMonthValue(), utc.getDayOfMonth(),
                utc.getHour(), utc.getMinute(), utc.getSecond(), DatatypeConstants.FIELD_UNDEFINED, 0);
    }

    @Override
    public RespostaChamada novaSolicitacao(String cpf, String ramal) {
        throw new WebServiceException("not part of the bench");
    }

    @Override
    public RespostaChamada visualizarSolicitacao(int id, String cpf, String ramal) {
        throw new WebServiceException("not part of the bench");
    }

    public static void main(String[] arguments) throws Exception {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1]));
        HttpServer server = HttpServer.create(address, 1024);
        // The server holds idle connections itself; a thread is taken for each request only.
        server.setExecutor(Executors.newFixedThreadPool(16));
        Endpoint.create(new Server(arguments[0])).publish(server.createContext("/soap"));
        server.start();
    }
}
