import type { FormatSpec } from '../../formats/format.js';
import type { JsonValue } from '../../model/json-text.js';
import type { Column } from '../../model/schema.js';
import type { ActualValue } from '../judge/actual-value.js';
import type { TestSchemas } from '../test-registry.js';

/** One half of the records of a source: what its bytes mean. */
export interface RecordHalf {
  readonly format: FormatSpec;
  readonly columns: readonly Column[];
  readonly target: 'key' | 'value';
  /** Of the topic. */
  readonly subject: string;
  readonly schemas: TestSchemas;
}

/** How the JSON of a test becomes bytes of a format, and bytes become what the judge compares. */
export interface TestFormat {
  /**
   * The bytes of a value that is not null; null when the format writes nothing.
   * @throws TestFileError when the value cannot be written
   */
  encode(value: Exclude<JsonValue, null>, half: RecordHalf): Buffer | null;
  /**
   * @param exact whether JSON numbers with a point are exact decimals
   * @throws Error when the bytes are not of the format
   */
  decode(bytes: Buffer, half: RecordHalf, exact: boolean): ActualValue;
}
