package millrace.bench;

import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;

/**
 * One of the queries as a Kafka Streams program, exactly once, on one stream thread, until SIGTERM.
 *
 * <p>Arguments: bootstrap servers, input topic, output topic, query (a name of {@link Queries}), application id.
 */
public final class Peer {
  private Peer() {}

  public static void main(String[] args) {
    if (args.length != 5) {
      System.err.println("usage: Peer BOOTSTRAP_SERVERS INPUT_TOPIC OUTPUT_TOPIC QUERY APPLICATION_ID");
      System.exit(2);
    }
    KafkaStreams streams = new KafkaStreams(Queries.topology(args[3], args[1], args[2]), settings(args[0], args[4]));
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
          return null;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static Properties settings(String bootstrapServers, String applicationId) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 104_857_600L);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    return settings;
  }
}
