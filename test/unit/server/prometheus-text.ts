/* Reads Prometheus's text format, and refuses what its own parser or its linter would. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([^{\s]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  summary: ['_sum', '_count'],
  histogram: ['_bucket', '_sum', '_count'],
};

/** @throws Error that names the line */
export function parseMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family & { samples: Sample[] }>();
  const seen = new Set<string>();
  let family: { name: string; type: string; help: string; samples: Sample[] } | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line.startsWith('# HELP ')) {
      const [, name = '', help = ''] = /^# HELP (\S+) (.+)$/.exec(line) ?? fail('a HELP without a text');
      if (families.has(name)) fail('a family in two places');
      if (!/^(?:[^\\]|\\[\\n])*$/.test(help)) fail('a backslash that is not escaped');
      family = { name, type: '', help, samples: [] };
      families.set(name, family);
    } else if (line.startsWith('# TYPE ')) {
      const [, name, type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? fail('a broken TYPE');
      if (family?.name !== name || family.type !== '' || SUFFIXES[type] === undefined) fail('a TYPE out of place');
      family!.type = type;
    } else {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? fail('no sample');
      const { name: base, type, samples } = family ?? fail('a sample without a family');
      if (!METRIC_NAME.test(name) || !SUFFIXES[type]!.some((suffix) => name === base + suffix)) fail('a wrong name');
      if (!NUMBER.test(value)) fail('a wrong number');
      if (seen.has(`${name}{${labels}}`)) fail('a sample given twice');
      seen.add(`${name}{${labels}}`);
      samples.push({ name, labels: parseLabels(labels, fail), value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  for (const { name, type, samples } of families.values()) {
    if (samples.length === 0) throw new Error(`${name} has no samples`);
    if (name.endsWith('_total') !== (type === 'counter')) throw new Error(`${name} is a ${type}`);
    if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is below 0`);
    if (type === 'histogram') checkHistogram(name, samples);
  }
  return families;
}

function parseLabels(text: string, fail: (why: string) => never): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? fail('a wrong label');
    if (name in labels) fail('a label given twice');
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const counts = buckets.map(({ value }) => value);
  const bounds = buckets.map(({ labels }) => Number(labels['le']!.replace('Inf', 'Infinity')));
  const ascends = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]!);
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  if (!ascends(counts) || !ascends(bounds)) throw new Error(`${name} does not ascend`);
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== count) throw new Error(`${name} has no end`);
}
