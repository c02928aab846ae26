export interface ConsumeOptions {
  readonly bootstrapServers: string;
  readonly topic: string;
  /** True by default; otherwise only what comes after the start. */
  readonly fromBeginning?: boolean;
  /** All by default. */
  readonly partition?: number;
  /** Ends after so many records. */
  readonly max?: number;
  /** Ends when nothing has come for so long; 3000 by default. */
  readonly timeoutMs?: number;
  /** Of the tool. */
  readonly version?: string;
}

export interface ConsumedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly headers: readonly { readonly name: string; readonly value: string | null }[];
  readonly key: string | null;
  readonly value: string | null;
  readonly keyBytes: Buffer | null;
  readonly valueBytes: Buffer | null;
}

export interface GroupOptions {
  readonly bootstrapServers: string;
  readonly group: string;
  readonly show?: 'offsets' | 'members' | 'state';
  readonly version?: string;
}

export interface ScramOptions {
  readonly bootstrapServers: string;
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly user: string;
  readonly password: string;
  readonly version?: string;
}

export function consumeCommitted(options: ConsumeOptions): Promise<ConsumedRecord[]>;
export function consumerGroups(options: GroupOptions): Promise<Record<string, string>[]>;
export function setScramPassword(options: ScramOptions): Promise<void>;
export function runTool(mainClass: string, args: readonly string[], version?: string): Promise<Buffer>;
