/**
 * What an error code of a broker means for the caller:
 * - `moved`: another broker is asked for this now: look it up and ask there
 * - `later`: the broker is not ready: ask again
 * - `fenced`: another owner of the transactional id has come, or the id has expired
 * - `refused`: the request itself will never be granted
 * - `uncertain`: anything else: nobody knows what happened
 */
export type KafkaErrorKind = 'moved' | 'later' | 'fenced' | 'refused' | 'uncertain';

export interface KafkaErrorCode {
  /** Kafka's own name of it. */
  readonly name: string;
  readonly kind: KafkaErrorKind;
}

export const OFFSET_OUT_OF_RANGE = 1;
export const CORRUPT_MESSAGE = 2;
export const UNKNOWN_TOPIC_OR_PARTITION = 3;
export const REQUEST_TIMED_OUT = 7;
export const INVALID_TOPIC = 17;
export const ILLEGAL_GENERATION = 22;
export const UNKNOWN_MEMBER_ID = 25;
export const REBALANCE_IN_PROGRESS = 27;
export const TOPIC_ALREADY_EXISTS = 36;
export const CONCURRENT_TRANSACTIONS = 51;
export const OPERATION_NOT_ATTEMPTED = 55;
export const MEMBER_ID_REQUIRED = 79;
export const FENCED_INSTANCE_ID = 82;
export const UNKNOWN_TOPIC_ID = 100;
export const INCONSISTENT_TOPIC_ID = 103;

/** Every code that a broker answers the requests of this folder with (Kafka's protocol guide, "Error Codes"). */
const CODES: Readonly<Record<number, readonly [name: string, kind: KafkaErrorKind]>> = {
  [-1]: ['UNKNOWN_SERVER_ERROR', 'uncertain'],
  1: ['OFFSET_OUT_OF_RANGE', 'refused'],
  2: ['CORRUPT_MESSAGE', 'refused'],
  3: ['UNKNOWN_TOPIC_OR_PARTITION', 'refused'],
  4: ['INVALID_FETCH_SIZE', 'refused'],
  5: ['LEADER_NOT_AVAILABLE', 'moved'],
  6: ['NOT_LEADER_OR_FOLLOWER', 'moved'],
  7: ['REQUEST_TIMED_OUT', 'uncertain'],
  8: ['BROKER_NOT_AVAILABLE', 'moved'],
  9: ['REPLICA_NOT_AVAILABLE', 'moved'],
  10: ['MESSAGE_TOO_LARGE', 'refused'],
  13: ['NETWORK_EXCEPTION', 'uncertain'],
  14: ['COORDINATOR_LOAD_IN_PROGRESS', 'later'],
  15: ['COORDINATOR_NOT_AVAILABLE', 'moved'],
  16: ['NOT_COORDINATOR', 'moved'],
  17: ['INVALID_TOPIC_EXCEPTION', 'refused'],
  18: ['RECORD_LIST_TOO_LARGE', 'refused'],
  19: ['NOT_ENOUGH_REPLICAS', 'later'],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'uncertain'],
  21: ['INVALID_REQUIRED_ACKS', 'refused'],
  22: ['ILLEGAL_GENERATION', 'refused'],
  23: ['INCONSISTENT_GROUP_PROTOCOL', 'refused'],
  24: ['INVALID_GROUP_ID', 'refused'],
  25: ['UNKNOWN_MEMBER_ID', 'refused'],
  26: ['INVALID_SESSION_TIMEOUT', 'refused'],
  27: ['REBALANCE_IN_PROGRESS', 'later'],
  28: ['INVALID_COMMIT_OFFSET_SIZE', 'refused'],
  29: ['TOPIC_AUTHORIZATION_FAILED', 'refused'],
  30: ['GROUP_AUTHORIZATION_FAILED', 'refused'],
  31: ['CLUSTER_AUTHORIZATION_FAILED', 'refused'],
  32: ['INVALID_TIMESTAMP', 'refused'],
  33: ['UNSUPPORTED_SASL_MECHANISM', 'refused'],
  34: ['ILLEGAL_SASL_STATE', 'refused'],
  35: ['UNSUPPORTED_VERSION', 'refused'],
  36: ['TOPIC_ALREADY_EXISTS', 'refused'],
  37: ['INVALID_PARTITIONS', 'refused'],
  38: ['INVALID_REPLICATION_FACTOR', 'refused'],
  39: ['INVALID_REPLICA_ASSIGNMENT', 'refused'],
  40: ['INVALID_CONFIG', 'refused'],
  41: ['NOT_CONTROLLER', 'moved'],
  42: ['INVALID_REQUEST', 'refused'],
  43: ['UNSUPPORTED_FOR_MESSAGE_FORMAT', 'refused'],
  44: ['POLICY_VIOLATION', 'refused'],
  45: ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'uncertain'],
  46: ['DUPLICATE_SEQUENCE_NUMBER', 'uncertain'],
  47: ['INVALID_PRODUCER_EPOCH', 'fenced'],
  48: ['INVALID_TXN_STATE', 'uncertain'],
  49: ['INVALID_PRODUCER_ID_MAPPING', 'fenced'],
  50: ['INVALID_TRANSACTION_TIMEOUT', 'refused'],
  51: ['CONCURRENT_TRANSACTIONS', 'later'],
  52: ['TRANSACTION_COORDINATOR_FENCED', 'uncertain'],
  53: ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'refused'],
  54: ['SECURITY_DISABLED', 'refused'],
  55: ['OPERATION_NOT_ATTEMPTED', 'later'],
  56: ['KAFKA_STORAGE_ERROR', 'moved'],
  58: ['SASL_AUTHENTICATION_FAILED', 'refused'],
  59: ['UNKNOWN_PRODUCER_ID', 'uncertain'],
  60: ['REASSIGNMENT_IN_PROGRESS', 'later'],
  67: ['INVALID_PRINCIPAL_TYPE', 'refused'],
  70: ['FETCH_SESSION_ID_NOT_FOUND', 'later'],
  71: ['INVALID_FETCH_SESSION_EPOCH', 'later'],
  72: ['LISTENER_NOT_FOUND', 'moved'],
  73: ['TOPIC_DELETION_DISABLED', 'refused'],
  74: ['FENCED_LEADER_EPOCH', 'moved'],
  75: ['UNKNOWN_LEADER_EPOCH', 'later'],
  76: ['UNSUPPORTED_COMPRESSION_TYPE', 'refused'],
  77: ['STALE_BROKER_EPOCH', 'later'],
  78: ['OFFSET_NOT_AVAILABLE', 'later'],
  79: ['MEMBER_ID_REQUIRED', 'later'],
  80: ['PREFERRED_LEADER_NOT_AVAILABLE', 'moved'],
  81: ['GROUP_MAX_SIZE_REACHED', 'refused'],
  82: ['FENCED_INSTANCE_ID', 'fenced'],
  87: ['INVALID_RECORD', 'refused'],
  88: ['UNSTABLE_OFFSET_COMMIT', 'later'],
  89: ['THROTTLING_QUOTA_EXCEEDED', 'later'],
  90: ['PRODUCER_FENCED', 'fenced'],
  95: ['INVALID_UPDATE_VERSION', 'refused'],
  100: ['UNKNOWN_TOPIC_ID', 'refused'],
  103: ['INCONSISTENT_TOPIC_ID', 'refused'],
  106: ['FETCH_SESSION_TOPIC_ID_ERROR', 'later'],
  119: ['REBOOTSTRAP_REQUIRED', 'moved'],
  120: ['TRANSACTION_ABORTABLE', 'uncertain'],
};

export function kafkaError(code: number): KafkaErrorCode {
  const known = CODES[code];
  return known === undefined ? { name: `ERROR_${code}`, kind: 'uncertain' } : { name: known[0], kind: known[1] };
}

/** The names that the rest of the engine knows some errors by; the others keep Kafka's, in kebab case. */
const ENGINE_CODES: Readonly<Record<number, string>> = {
  [CORRUPT_MESSAGE]: 'corrupt-batch',
  [UNKNOWN_TOPIC_OR_PARTITION]: 'unknown-topic',
  [INVALID_TOPIC]: 'invalid-topic',
  [TOPIC_ALREADY_EXISTS]: 'topic-exists',
  [UNKNOWN_TOPIC_ID]: 'unknown-topic',
  29: 'not-authorised',
  30: 'not-authorised',
  31: 'not-authorised',
  53: 'not-authorised',
};

/** The machine-readable name of an error: `message-too-large`, `topic-exists`. */
export function engineCode(code: number): string {
  return ENGINE_CODES[code] ?? kafkaError(code).name.toLowerCase().replaceAll('_', '-');
}
