package millrace.bench;

/** The columns that queries read and write; all others are passed over. */
final class Rows {
  private Rows() {}

  static final class Priced {
    public double PRICE;
    public int QUANTITY;
  }

  static final class Sent {
    public long SENT;
    public int QUANTITY;
  }

  static final class Item {
    public String ITEM;
  }

  static final class Count {
    public final long N;

    Count(long n) {
      N = n;
    }
  }
}
