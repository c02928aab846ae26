export interface KafkaOptions {
  readonly version?: string;
  readonly brokers?: 1 | 3;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Security protocols by the name of the listener. */
  readonly listeners?: Readonly<Record<string, 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'>>;
  readonly heapMb?: number;
  readonly jvm?: readonly string[];
}

export interface KafkaCluster {
  readonly version: string;
  readonly bootstrapServers: string;
  bootstrapServersOf(listener: string): string;
  kill(n?: number): Promise<void>;
  stop(n?: number): Promise<void>;
  start(n?: number): Promise<void>;
  pause(n?: number): void;
  resume(n?: number): void;
  pid(n?: number): number;
  log(n?: number): string;
  close(): Promise<void>;
}

export function startKafka(options?: KafkaOptions): Promise<KafkaCluster>;
