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
import java.util.concurrent.Executors;
import javax.jws.WebService;
import javax.xml.ws.Endpoint;
import javax.xml.ws.WebServiceException;

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
            "SELECT count(*), min(r.id) FROM requester q JOIN request r ON r.requester_id = q.id"
                    + " WHERE q.document = ? AND r.situation IN ('EmAndamento', 'Reaberta')";

    private final ThreadLocal<PreparedStatement> query;

    Server(String database) {
        query = ThreadLocal.withInitial(() -> prepare(database));
    }

    private static PreparedStatement prepare(String database) {
        try {
            Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
            try (var statement = connection.createStatement()) {
                statement.execute("PRAGMA query_only=ON");
                statement.execute("PRAGMA mmap_size=1073741824");
            }
            return connection.prepareStatement(QUERY);
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
                rows.next();
                long count = rows.getLong(1);
                return count == 0 ? "" : count == 1 ? "1?" + rows.getLong(2) : Long.toString(count);
            }
        } catch (SQLException error) {
            throw new WebServiceException(error);
        }
    }

    @Override
    public DadosSolicitacao obterDadosSolicitacao(int id) {
        throw new WebServiceException("not part of the bench");
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
