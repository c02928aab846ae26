package millrace.bench;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.WindowStore;

/** The queries of the benchmark, each as a programmer would write it who knows what is slow. */
final class Queries {
  private static final Duration SIZE = Duration.ofMinutes(1);
  /** As long as windows take late records where a statement says nothing. */
  private static final Duration GRACE = Duration.ofHours(24);

  private static final byte[] NOTHING = new byte[0];

  private Queries() {}

  static Topology topology(String query, String input, String output) {
    StreamsBuilder builder = new StreamsBuilder();
    switch (query) {
      case "filter" -> filter(builder, input, output);
      case "latency" -> latency(builder, input, output);
      case "count" -> count(builder, input, output);
      case "recount" -> recount(builder, input, output);
      default -> throw new IllegalArgumentException("there is no query " + query);
    }
    return builder.build();
  }

  /** SELECT PRICE, QUANTITY ... WHERE QUANTITY < 50; the key stays. */
  private static void filter(StreamsBuilder builder, String input, String output) {
    builder.stream(input, Consumed.with(Serdes.String(), Json.serde(Rows.Priced.class)))
        .filter((customer, row) -> row.QUANTITY < 50)
        .to(output, Produced.with(Serdes.String(), Json.serde(Rows.Priced.class)));
  }

  /** SELECT SENT, QUANTITY ... WHERE QUANTITY < 50. */
  private static void latency(StreamsBuilder builder, String input, String output) {
    builder.stream(input, Consumed.with(Serdes.String(), Json.serde(Rows.Sent.class)))
        .filter((customer, row) -> row.QUANTITY < 50)
        .to(output, Produced.with(Serdes.String(), Json.serde(Rows.Sent.class)));
  }

  /** Rows of each key and minute. The values are not decoded: nothing of them is counted. */
  private static void count(StreamsBuilder builder, String input, String output) {
    KStream<String, byte[]> rows = builder.stream(input, Consumed.with(Serdes.String(), Serdes.ByteArray()));
    counted(rows.groupByKey(Grouped.with(Serdes.String(), Serdes.ByteArray())), output);
  }

  /** Rows of each item and minute; nothing but the item goes through the repartition topic. */
  private static void recount(StreamsBuilder builder, String input, String output) {
    KStream<String, byte[]> items =
        builder.stream(input, Consumed.with(Serdes.String(), Json.serde(Rows.Item.class)))
            .map((customer, row) -> KeyValue.pair(row.ITEM, NOTHING));
    counted(items.groupByKey(Grouped.with("items", Serdes.String(), Serdes.ByteArray())), output);
  }

  private static void counted(KGroupedStream<String, byte[]> groups, String output) {
    Serde<Windowed<String>> keys = WindowedSerdes.timeWindowedSerdeFrom(String.class, SIZE.toMillis());
    groups
        .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE))
        .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("counts"))
        .toStream()
        .mapValues(Rows.Count::new)
        .to(output, Produced.with(keys, Json.serde(Rows.Count.class)));
  }
}
