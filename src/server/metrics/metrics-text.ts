import { assert } from '../../model/errors.js';
import type { Metric } from './definitions.js';

/** The content type of {@link MetricsText}. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Values counted by size. */
export interface Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** How many were at most as great as each bound and greater than the one before; one more at the end for those beyond all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * Samples as Prometheus's text format, version 0.0.4. Samples of one family are given one after the other; a family without any does not
 * show. See https://prometheus.io/docs/instrumenting/exposition_formats/.
 */
export class MetricsText {
  #text = '';
  #family: Metric | null = null;

  /** @param labels a value for each label of the metric, in order */
  sample(metric: Metric, value: number, ...labels: readonly string[]): void {
    this.#begin(metric, labels);
    this.#line(metric.name, labelsText(metric, labels), value);
  }

  summary(
    metric: Metric,
    { sum, count }: { readonly sum: number; readonly count: number },
    ...labels: readonly string[]
  ): void {
    this.#begin(metric, labels);
    const text = labelsText(metric, labels);
    this.#line(`${metric.name}_sum`, text, sum);
    this.#line(`${metric.name}_count`, text, count);
  }

  histogram(metric: Metric, { bounds, counts, sum }: Histogram, ...labels: readonly string[]): void {
    this.#begin(metric, labels);
    let count = 0;
    counts.forEach((n, i) => {
      count += n;
      const bound = numberText(bounds[i] ?? Number.POSITIVE_INFINITY);
      this.#line(`${metric.name}_bucket`, labelsText(metric, labels, `le="${bound}"`), count);
    });
    const text = labelsText(metric, labels);
    this.#line(`${metric.name}_sum`, text, sum);
    this.#line(`${metric.name}_count`, text, count);
  }

  toString(): string {
    return this.#text;
  }

  #begin(metric: Metric, labels: readonly string[]): void {
    assert(labels.length === metric.labels.length, 'a sample has a value for each label of its metric');
    if (this.#family === metric) return;
    this.#family = metric;
    this.#text += `# HELP ${metric.name} ${escaped(metric.help)}\n# TYPE ${metric.name} ${metric.type}\n`;
  }

  #line(name: string, labels: string, value: number): void {
    this.#text += `${name}${labels} ${numberText(value)}\n`;
  }
}

/** @param more a label that is written already */
function labelsText(metric: Metric, values: readonly string[], more?: string): string {
  const labels = metric.labels.map((name, i) => `${name}="${escaped(values[i]!).replaceAll('"', '\\"')}"`);
  if (more !== undefined) labels.push(more);
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
