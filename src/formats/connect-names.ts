/** Names by which Kafka Connect marks the types that a format does not have. */
export const CONNECT_DECIMAL = 'org.apache.kafka.connect.data.Decimal';
/** Days since 1970-01-01. */
export const CONNECT_DATE = 'org.apache.kafka.connect.data.Date';
/** Milliseconds of the day. */
export const CONNECT_TIME = 'org.apache.kafka.connect.data.Time';
/** Milliseconds since 1970-01-01. */
export const CONNECT_TIMESTAMP = 'org.apache.kafka.connect.data.Timestamp';
/** Beside `scale` among the parameters of a decimal. */
export const PRECISION_PARAMETER = 'connect.decimal.precision';

/** The precision of decimals whose schema names none. */
export const CONNECT_PRECISION = 64;
/** Decimals of more digits have no type in SQL. */
export const DECIMAL_PRECISION_MAX = 1000;
