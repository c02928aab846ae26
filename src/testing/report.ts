import type { CaseResult } from './test-case.js';

/** Takes the results of cases as they come. */
export interface Reporter {
  result(result: CaseResult): void;
  /** After the last case. */
  end(): void;
}

export type ReporterName = 'plain' | 'json';

/** Cases that share a reason in a summary are named up to this many. */
const NAMED_MAX = 5;
const REASON_LENGTH_MAX = 110;

/**
 * @param write takes a line without its end
 * @param summary whether failures are grouped by what they have in common, instead of listed
 */
export function createReporter(name: ReporterName, write: (line: string) => void, summary: boolean): Reporter {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const groups = new Map<string, string[]>();
  return {
    result(result) {
      counts[result.status]++;
      if (name === 'json') write(JSON.stringify(result));
      else if (result.status !== 'passed' && !summary) write(`${result.status} ${result.id}\n    ${result.reason}`);
      if (!summary || result.status !== 'failed') return;
      const group = groupOf(result.reason ?? '');
      const ids = groups.get(group);
      if (ids === undefined) groups.set(group, [result.id]);
      else ids.push(result.id);
    },
    end() {
      const largest = [...groups].sort((a, b) => b[1].length - a[1].length);
      for (const [reason, ids] of name === 'plain' ? largest : []) {
        const named = ids.slice(0, NAMED_MAX).map((id) => `\n        ${id}`);
        write(`${String(ids.length).padStart(5)}  ${reason}${named.join('')}`);
      }
      write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    },
  };
}

/** A reason without what differs from case to case: names, numbers, values. */
function groupOf(reason: string): string {
  const plain = reason
    .replace(/`[^`]*`|'[^']*'|"(?:[^"\\]|\\.)*"/g, '_')
    .replace(/\d+/g, '0')
    .replace(/\s+/g, ' ')
    .replace(/^(topic) \S+?([:,])/, '$1 _$2');
  return plain.length > REASON_LENGTH_MAX ? `${plain.slice(0, REASON_LENGTH_MAX)}...` : plain;
}
