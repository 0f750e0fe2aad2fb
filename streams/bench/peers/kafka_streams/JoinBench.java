import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Kafka Streams: the outer join of two tables, as its developer guide has it. Each table has a RocksDB store and a
 * changelog; one stream thread; exactly once. The record cache is on at its default of 10 MiB unless --cache-bytes says
 * otherwise. Avro is read and written by hand, which is less work than a general codec does.
 */
public final class JoinBench {
    record Side(String id, long amount, long at, String payload) {
        static final Side NONE = new Side("", 0, 0, "");
    }

    record Joined(String id, long left, long right, long at, String payload) {
        static Joined of(Side l, Side r) {
            Side left = l == null ? Side.NONE : l;
            Side right = r == null ? Side.NONE : r;
            String payload = left.payload().isEmpty() ? right.payload() : left.payload();
            String id = l == null ? right.id() : left.id();
            return new Joined(id, left.amount(), right.amount(), Math.max(left.at(), right.at()), payload);
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        Map<String, String> given = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            given.put(arguments[i].substring(2), arguments[i + 1]);
        }
        KafkaStreams streams = new KafkaStreams(topology(given), settings(given));
        CountDownLatch ended = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(problem -> {
            problem.printStackTrace();
            ended.countDown();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
        ended.await();
        System.exit(1);
    }

    static Properties settings(Map<String, String> given) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, given.get("run"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given.get("bootstrap"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, given.get("folder"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        settings.put(StreamsConfig.producerPrefix("acks"), "all");
        settings.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
        if (given.containsKey("commit-interval-seconds")) {
            long millis = Math.round(1000 * Double.parseDouble(given.get("commit-interval-seconds")));
            settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, millis);
        }
        if (given.containsKey("cache-bytes")) {
            settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, given.get("cache-bytes"));
        }
        return settings;
    }

    static Topology topology(Map<String, String> given) {
        Serde<Side> sides = sides((int) Long.parseLong(given.get("side-schema-id")));
        Serde<Joined> joined = joined((int) Long.parseLong(given.get("joined-schema-id")));
        StreamsBuilder builder = new StreamsBuilder();
        KTable<String, Side> left = table(builder, given.get("left"), "left", sides);
        KTable<String, Side> right = table(builder, given.get("right"), "right", sides);
        left.outerJoin(right, Joined::of).toStream().to(given.get("output"), Produced.with(Serdes.String(), joined));
        return builder.build();
    }

    static KTable<String, Side> table(StreamsBuilder builder, String topic, String store, Serde<Side> sides) {
        return builder.table(
            topic,
            Consumed.with(Serdes.String(), sides),
            Materialized.<String, Side, KeyValueStore<Bytes, byte[]>>as(store)
                .withKeySerde(Serdes.String())
                .withValueSerde(sides));
    }

    static Serde<Side> sides(int schemaId) {
        Serializer<Side> serializer = (topic, side) -> {
            if (side == null) {
                return null;
            }
            Writer out = new Writer(schemaId);
            out.text(side.id());
            out.number(side.amount());
            out.number(side.at());
            out.text(side.payload());
            return out.bytes();
        };
        Deserializer<Side> deserializer = (topic, data) -> {
            if (data == null) {
                return null;
            }
            ByteBuffer in = ByteBuffer.wrap(data);
            in.position(5);
            return new Side(text(in), number(in), number(in), text(in));
        };
        return Serdes.serdeFrom(serializer, deserializer);
    }

    static Serde<Joined> joined(int schemaId) {
        Serializer<Joined> serializer = (topic, joined) -> {
            Writer out = new Writer(schemaId);
            out.text(joined.id());
            out.number(joined.left());
            out.number(joined.right());
            out.number(joined.at());
            out.text(joined.payload());
            return out.bytes();
        };
        Deserializer<Joined> never = (topic, data) -> {
            throw new UnsupportedOperationException("the output is not read here");
        };
        return Serdes.serdeFrom(serializer, never);
    }

    /** An Avro body behind the five bytes of the Confluent wire format. */
    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(224);

        Writer(int schemaId) {
            out.writeBytes(ByteBuffer.allocate(5).put((byte) 0).putInt(schemaId).array());
        }

        void number(long value) {
            long rest = (value << 1) ^ (value >> 63);
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        void text(String value) {
            byte[] data = value.getBytes(StandardCharsets.UTF_8);
            number(data.length);
            out.writeBytes(data);
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }

    static long number(ByteBuffer in) {
        long read = 0;
        int shift = 0;
        while (true) {
            byte next = in.get();
            read |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return (read >>> 1) ^ -(read & 1);
            }
            shift += 7;
        }
    }

    static String text(ByteBuffer in) {
        byte[] data = new byte[(int) number(in)];
        in.get(data);
        return new String(data, StandardCharsets.UTF_8);
    }

    private JoinBench() {}
}
