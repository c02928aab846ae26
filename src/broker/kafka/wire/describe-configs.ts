import type { Api } from './api.js';

export interface TopicSettings {
  readonly error: number;
  readonly message: string | null;
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
}

const TOPIC = 2;

/** The settings in force of topics, by Kafka's names; secrets are left out. */
export const DESCRIBE_CONFIGS: Api<readonly string[], readonly TopicSettings[]> = {
  name: 'DescribeConfigs',
  key: 32,
  version: 2,
  flexible: false,
  encode(to, names) {
    to.arrayLength(names.length);
    for (const name of names) {
      to.int8(TOPIC);
      to.string(name);
      to.arrayLength(-1);
    }
    to.bool(false);
  },
  decode(from) {
    from.int32();
    return from.array((f) => {
      const error = f.int16();
      const message = f.nullableString();
      f.int8();
      const name = f.string();
      const settings: Record<string, string> = {};
      for (let left = f.arrayLength(); left > 0; left--) {
        const key = f.string();
        const value = f.nullableString();
        f.bool();
        f.int8();
        f.bool();
        for (let synonyms = f.arrayLength(); synonyms > 0; synonyms--) {
          f.string();
          f.nullableString();
          f.int8();
        }
        if (value !== null) settings[key] = value;
      }
      return { error, message, name, settings };
    });
  },
};
