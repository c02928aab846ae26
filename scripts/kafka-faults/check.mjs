/**
 * The judge on trial: the interpreter on logs that were made by hand, and every kind of wrong output that it must see. A judge that has never
 * found anybody guilty proves nothing.
 */
import { deepEqual, equal, match } from 'node:assert/strict';
import { chainedRows, eventsOf, groupedRows, passedRows, windowedRows } from './interpreter.mjs';
import {
  groupName,
  judgeChangelog,
  judgeInput,
  judgeStream,
  judgeTable,
  judgeTableTopic,
  windowedAnswer,
  windowName,
} from './judge.mjs';
import { judgeState } from './state-files.mjs';

/** Two partitions; windows of 5 s with a grace of 2 s: in partition 0 the last but one is late, as its window ends at 5000 and time is at 7000. */
const INPUT = [
  input(0, 0, 1_000, 'a', { ID: 1, GRP: 'g1', AMOUNT: 31 }),
  input(0, 1, 4_999, 'a', { ID: 3, GRP: 'g2', AMOUNT: 40 }),
  input(0, 2, 6_999, 'b', { ID: 4, GRP: 'g1', AMOUNT: 30 }),
  input(0, 3, 4_000, 'a', { ID: 5, GRP: 'g1', AMOUNT: 5 }),
  input(0, 4, 7_000, 'b', { ID: 6, GRP: 'g1', AMOUNT: 90 }),
  input(0, 5, 4_000, 'a', { ID: 7, GRP: 'g2', AMOUNT: 50 }),
  input(0, 6, 5_000, 'a', { ID: 8, GRP: 'g2', AMOUNT: 0 }),
  input(1, 0, 4_000, 'c', { ID: 9, GRP: 'g2', AMOUNT: 33 }),
];

export function checkJudge() {
  const events = eventsOf(INPUT);
  checkInterpreter(events);
  checkStreams(events);
  checkTables(events);
  checkChangelogs();
  checkStates();
}

function checkInterpreter(events) {
  deepEqual([...passedRows(events).keys()], [1, 3, 6, 7, 9]);
  deepEqual(passedRows(events).get(3), { key: 'a', time: 4_999, line: 'events 0', place: 1, columns: { DOUBLED: 80 } });
  deepEqual([...chainedRows(events).keys()], [3, -4, -5, 6, -8, 9]);
  const { rows, late } = windowedRows(events);
  equal(late, 1);
  deepEqual(
    [...rows].map(([name, { columns, isOpen }]) => [name, columns.N, columns.TOTAL, isOpen]),
    [
      ['a@0', 3, 76, false],
      ['b@5000', 2, 120, true],
      ['a@5000', 1, 0, true],
      ['c@0', 1, 33, true],
    ],
  );
  deepEqual(
    [...groupedRows(events)].map(([name, { columns }]) => [name, columns]),
    [
      ['g1', { N: 4, TOTAL: 156, IDS: 16 }],
      ['g2', { N: 4, TOTAL: 123, IDS: 27 }],
    ],
  );
  deepEqual(judgeInput(events, [{ id: 9, partition: 1, offset: 0 }]), []);
  finds(judgeInput(events, [{ id: 2, partition: 0, offset: 7 }]), /id 2 was acknowledged at 0:7 and is not stored/);
  finds(judgeInput(events, [{ id: 9, partition: 1, offset: 1 }]), /is stored at 1:0/);
  finds(judgeInput([...events, { ...events[0], offset: 9 }], []), /id 1 is stored twice: at 0:0 and at 0:9/);
}

function checkStreams(events) {
  const expected = passedRows(events);
  const good = [...expected].map(([id, { key, time, columns }], i) =>
    record(id === 9 ? 1 : 0, i, time, Buffer.from(key), JSON.stringify({ ID: id, ...columns })),
  );
  const judge = (records, repeats = false) => judgeStream('s', expected, records, { repeats });
  deepEqual(judge(good), { problems: [], lost: 0, doubled: 0 });
  const lost = judge(good.toSpliced(1, 1));
  finds(lost.problems, /the row 3 is lost/);
  equal(lost.lost, 1);
  const again = { ...good[1], offset: 77 };
  const doubled = judge([...good, again]);
  finds(doubled.problems, /the row 3 came twice: at 0:1 and at 0:77/);
  equal(doubled.doubled, 1);
  deepEqual(judge([...good, again], true).problems, []);
  finds(judge([good[1], good[0], ...good.slice(2)]).problems, /the row 1 at 0:0 came after the row 3/);
  finds(judge([{ ...good[0], partition: 3 }, ...good.slice(1)]).problems, /partitions 3 and 0/);
  finds(judge([{ ...good[0], timestamp: 1 }, ...good.slice(1)]).problems, /must be/);
  finds(judge([{ ...good[0], value: '{"ID":1,"DOUBLED":63}' }, ...good.slice(1)]).problems, /must be/);
  finds(
    judge([...good, { ...good[0], value: '{"ID":4,"DOUBLED":60}' }]).problems,
    /the row 4 at 0:0 must not be there/,
  );
}

function checkTables(events) {
  const { rows } = windowedRows(events);
  const windowKey = (name) => {
    const [key, start] = name.split('@');
    const bytes = Buffer.alloc(key.length + 8);
    bytes.write(key);
    bytes.writeBigInt64BE(BigInt(start), key.length);
    return bytes;
  };
  const update = (name, columns, offset) => record(0, offset, 0, windowKey(name), JSON.stringify(columns));
  const good = [
    update('a@0', { N: 1, TOTAL: 31 }, 0),
    ...[...rows].map(([name, { columns }], i) => update(name, columns, i + 1)),
  ];
  const judge = (records, how = {}) => judgeTableTopic('t', rows, records, windowName, { repeats: false, ...how });
  deepEqual(judge(good), { problems: [], lost: 0, doubled: 0 });
  const short = judge([...good, update('b@5000', { N: 1, TOTAL: 30 }, 9)]);
  finds(short.problems, /b@5000 has .*"N":1.* at 0:9, and had .*"N":2/);
  finds(short.problems, /b@5000 is .*"N":1.* and must be .*"N":2/);
  equal(short.lost, 1);
  finds(judge([...good, update('b@5000', { N: 2, TOTAL: 120 }, 9)]).problems, /had .* already/);
  deepEqual(judge([...good, update('b@5000', { N: 2, TOTAL: 120 }, 9)], { repeats: true }).problems, []);
  equal(judge([...good, update('b@5000', { N: 3, TOTAL: 150 }, 9)]).doubled, 1);
  finds(judge([...good, update('d@0', { N: 1, TOTAL: 1 }, 9)]).problems, /d@0 at 0:9 must not be there/);
  finds(judge([...good, { ...good[0], value: null, offset: 9 }]).problems, /a@0 is deleted/);
  finds(
    judge([...good, { ...update('b@5000', { N: 3, TOTAL: 120 }, 9), partition: 1 }]).problems,
    /in the partitions 0 and 1/,
  );

  const answer = [...rows].map(([name, { start, columns }]) =>
    windowedAnswer([name.split('@')[0], start, start + 5_000, columns.N, columns.TOTAL]),
  );
  const pull = (found, how = {}) => judgeTable('q', rows, found, how);
  deepEqual(pull(answer), []);
  deepEqual(pull(answer.slice(1)), [], 'a window that is closed may be gone');
  finds(pull(answer.toSpliced(1, 1)), /b@5000 is missing/);
  finds(pull([...answer, answer[0]]), /a@0 is there twice/);
  finds(pull([windowedAnswer(['a', 0, 5_000, 4, 76]), ...answer.slice(1)]), /a@0 is .* and must be/);
  finds(pull([windowedAnswer(['a', 0, 4_000, 3, 76]), ...answer.slice(1)]), /must not be there/);

  const grouped = groupedRows(events);
  const groups = (n) => [
    record(0, 0, 0, Buffer.from('g1'), JSON.stringify(grouped.get('g1').columns)),
    record(0, 1, 0, Buffer.from('g2'), JSON.stringify({ ...grouped.get('g2').columns, N: n })),
  ];
  const extra = { repeats: true, extra: true };
  deepEqual(judgeTableTopic('g', grouped, groups(4), groupName, extra).problems, []);
  deepEqual(judgeTableTopic('g', grouped, groups(5), groupName, extra).problems, []);
  finds(judgeTableTopic('g', grouped, groups(3), groupName, extra).problems, /g2 is/);
}

function checkChangelogs() {
  const position = (partition, offset, sequence, records, input) =>
    record(
      partition,
      offset,
      0,
      Buffer.from([1, 2]),
      JSON.stringify({ sequence, records, inputs: [['t', 'id', partition, input, -1]] }),
    );
  const change = (partition, offset) => record(partition, offset, 0, Buffer.from([1, 1, offset]), 'x');
  const good = [
    change(0, 0),
    position(0, 1, 1, 1, 5),
    change(0, 3),
    change(0, 4),
    position(0, 5, 2, 2, 9),
    position(1, 0, 1, 0, 3),
  ];
  const judge = (records, repeats = false) => judgeChangelog('c', records, { repeats });
  const { problems, last, commits } = judge(good);
  deepEqual([problems, commits, last.get(0).sequence, last.get(1).sequence], [[], 3, 2, 1]);
  finds(judge(good.toSpliced(1, 1)).problems, /counts 2 records, and there are 3/);
  finds(judge(good.toSpliced(2, 1)).problems, /counts 2 records, and there are 1/);
  finds(judge(good.toSpliced(4, 1)).problems, /2 records at the end of partition 0/);
  finds(judge(good.toSpliced(4, 1, position(0, 5, 3, 2, 9))).problems, /the sequence 3 after 1/);
  finds(judge(good.toSpliced(4, 1, position(0, 5, 1, 2, 9))).problems, /the sequence 1 after 1/);
  finds(judge(good.toSpliced(4, 1, position(0, 5, 2, 2, 4))).problems, /goes back from 5 to 4/);
  const claim = record(0, 3, 0, Buffer.from([1, 3, 0, 0, 0, 1]), '{}');
  deepEqual(
    judge([change(0, 0), position(0, 1, 1, 1, 5), change(0, 2), claim, change(0, 4), position(0, 5, 2, 1, 9)], true)
      .problems,
    [],
  );
}

function checkStates() {
  const file = (sequence, fingerprint, rows) =>
    new Map([['q-0.db', { position: { sequence, fingerprint }, tables: new Map([['s', rows]]) }]]);
  deepEqual(judgeState(file(3, 'f', ['a', 'b']), [file(2, 'e', ['a']), file(3, 'f', ['a', 'b'])]), []);
  finds(judgeState(file(3, 'f', ['a', 'b']), [file(3, 'f', ['a', 'c'])]), /first that differs: b and c/);
  finds(judgeState(file(3, 'f', ['a']), [file(3, 'f', ['a', 'b'])]), /1 rows rebuilt and 2 kept/);
  finds(judgeState(file(3, 'f', []), [file(3, 'g', [])]), /fingerprint f, kept with g/);
  finds(judgeState(file(3, 'f', []), [file(4, 'f', [])]), /as of commit 3, kept as of commit 4/);
}

function finds(problems, pattern) {
  match(problems.join('\n'), pattern);
}

function input(partition, offset, timestamp, key, value) {
  return record(partition, offset, timestamp, Buffer.from(key), JSON.stringify(value));
}

function record(partition, offset, timestamp, keyBytes, value) {
  return { partition, offset, timestamp, key: keyBytes.toString(), keyBytes, value };
}
