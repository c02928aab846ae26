import { describe, expect, it } from 'vitest';
import { Planning } from '../planning.js';

const planning = new Planning(
  "CREATE STREAM S (K STRING KEY, V INT, A STRUCT<B INT, V INT>, KSQL_COL_1 INT) WITH (KAFKA_TOPIC='s', FORMAT='JSON');",
  "CREATE TABLE T (ID STRING PRIMARY KEY, V INT, ROWKEY STRING) WITH (KAFKA_TOPIC='t', FORMAT='JSON');",
  "CREATE TABLE U (ID STRING PRIMARY KEY, X INT) WITH (KAFKA_TOPIC='u', FORMAT='JSON');",
);

function columns(query: string): string[] {
  for (const kind of ['STREAM', 'TABLE']) {
    try {
      const plan = planning.plan(`CREATE ${kind} R AS ${query};`);
      if (plan.kind === 'createAsSelect')
        return plan.entry.schema.columns.map((c) => (c.role === 'key' ? `${c.name}*` : c.name));
    } catch (error) {
      if ((error as { code?: string }).code !== 'wrong-result-kind') throw error;
    }
  }
  throw new Error('no plan');
}

describe('names of what has none', () => {
  it.each([
    ['SELECT K, V + 1, UCASE(K), 3 FROM S', ['K*', 'KSQL_COL_0', 'KSQL_COL_2', 'KSQL_COL_3']],
    ['SELECT K, A->B, A->V FROM S', ['K*', 'B', 'V_1']],
    ['SELECT K, A->B, A->B FROM S', ['K*', 'B', 'B_1']],
    ['SELECT V, K AS X FROM S', ['X*', 'V']],
    ['SELECT UCASE(K), COUNT(*) FROM S GROUP BY UCASE(K)', ['KSQL_COL_0*', 'KSQL_COL_2']],
    ['SELECT A->B, COUNT(*) FROM S GROUP BY A->B', ['B*', 'KSQL_COL_0']],
    ['SELECT V, K, COUNT(*) FROM S GROUP BY K, V', ['K*', 'V*', 'KSQL_COL_0']],
    ['SELECT V % 2 AS ODD, COUNT(*) AS N FROM S GROUP BY V % 2', ['ODD*', 'N']],
    ['SELECT * FROM S JOIN T ON S.K = T.ID', ['S_K*', 'S_V', 'S_A', 'S_KSQL_COL_1', 'T_ID', 'T_V', 'T_ROWKEY']],
    ['SELECT S.K, S.V, T.V, A FROM S JOIN T ON S.K = T.ID', ['K*', 'S_V', 'T_V', 'A']],
    ['SELECT * FROM T FULL JOIN U ON T.ID = U.ID', ['ROWKEY_1*', 'T_ID', 'T_V', 'T_ROWKEY', 'U_ID', 'U_X']],
  ])('%s', (query, expected) => {
    expect(columns(query)).toEqual(expected);
  });
});
