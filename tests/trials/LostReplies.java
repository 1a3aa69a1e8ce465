import io.delta.storage.HDFSLogStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A log store that commits and then denies it, once for each file in the folder that LOST_REPLIES names:
 * `silver.order_lines.error` fails as a broken connection does; `silver.order_lines.exists` says that the version is there
 * already, as a store does whose client sent the same request twice.
 */
public class LostReplies extends HDFSLogStore {
  public LostReplies(Configuration configuration) {
    super(configuration);
  }

  @Override
  public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration configuration) throws IOException {
    super.write(path, actions, overwrite, configuration);
    Path table = path.getParent().getParent();
    String name = table.getParent().getName() + "." + table.getName();
    if (isLost(name + ".error")) {
      throw new IOException("the reply was lost");
    }
    if (isLost(name + ".exists")) {
      throw new FileAlreadyExistsException(path.toString());
    }
  }

  private static boolean isLost(String fault) throws IOException {
    return Files.deleteIfExists(Paths.get(System.getenv("LOST_REPLIES"), fault));
  }
}
