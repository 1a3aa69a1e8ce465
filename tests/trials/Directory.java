import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.InMemoryListenerConfig;
import java.net.InetAddress;

/** A directory on loopback with the people of an LDIF file: Directory FILE. It prints its port, and ends with its input. */
public class Directory {
  public static void main(String[] arguments) throws Exception {
    var config = new InMemoryDirectoryServerConfig("dc=example,dc=org");
    config.setListenerConfigs(InMemoryListenerConfig.createLDAPConfig("loopback", InetAddress.getLoopbackAddress(), 0, null));
    var server = new InMemoryDirectoryServer(config);
    server.importFromLDIF(true, arguments[0]);
    server.startListening();
    System.out.println(server.getListenPort());
    while (System.in.read() != -1) {}
    server.shutDown(true);
  }
}
