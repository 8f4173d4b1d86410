// SPDX-License-Identifier: Apache-2.0
// Counts and sums per key with Kafka Streams, for tests/bench/restore.
//   RestoreStreams BOOTSTRAP TOPIC APPLICATION STATE_DIRECTORY ROWS
// Ends once it has counted ROWS rows, or, of 0, once it runs and has restored what it had to. Prints DONE and how many rows
// were restored.
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.processor.StateRestoreListener;

public final class RestoreStreams {
  private static final AtomicLong COUNTED = new AtomicLong();
  private static final AtomicLong RESTORED = new AtomicLong();

  /** Two numbers, eight bytes each: a count and a sum. */
  private static byte[] add(byte[] total, long amount) {
    java.nio.ByteBuffer old = java.nio.ByteBuffer.wrap(total);
    return java.nio.ByteBuffer.allocate(16).putLong(old.getLong() + 1).putLong(old.getLong() + amount).array();
  }

  /** Of {"AMOUNT":7} and the like; a whole reader of JSON would not be restored any faster. */
  private static long amountOf(String value) {
    int begin = value.lastIndexOf(':') + 1;
    return Long.parseLong(value.substring(begin, value.indexOf('}', begin)).trim());
  }

  public static void main(String[] arguments) throws Exception {
    long rows = Long.parseLong(arguments[4]);
    CountDownLatch finished = new CountDownLatch(1);
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[2]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");

    Serde<String> text = Serdes.String();
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(arguments[1], Consumed.with(text, text))
        .groupByKey(Grouped.with(text, text))
        .aggregate(() -> new byte[16], (key, value, total) -> {
          if (COUNTED.incrementAndGet() == rows) {
            finished.countDown();
          }
          return add(total, amountOf(value));
        }, Materialized.with(text, Serdes.ByteArray()));
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.setGlobalStateRestoreListener(new StateRestoreListener() {
      @Override
      public void onRestoreStart(TopicPartition partition, String store, long begin, long end) {}

      @Override
      public void onBatchRestored(TopicPartition partition, String store, long end, long count) {
        RESTORED.addAndGet(count);
      }

      @Override
      public void onRestoreEnd(TopicPartition partition, String store, long total) {}
    });
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING && rows == 0) {
        finished.countDown();
      }
    });
    streams.start();
    finished.await();
    streams.close(Duration.ofSeconds(60));
    System.out.println("DONE " + RESTORED.get());
    System.exit(0);
  }
}
