import { describe, expect, it } from 'vitest';
import { readWrk } from '../../../bench/path/wrk-output.ts';

const output = (tail: string, p99 = '    2.87ms'): string => `Running 2s test @ http://172.18.0.2:8083/api/x
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   785.68us  325.11us   8.90ms   88.30%
    Req/Sec    41.92k     1.45k   43.85k    70.00%
  Latency Distribution
     50%  735.00us
     75%    0.90ms
     90%    1.12s 
     99%${p99}
  80000 requests in 2.00s, 14.32MB read
${tail}Requests/sec:  40000.00
Transfer/sec:      7.16MB
`;

describe("wrk's output", () => {
  it('is read into rates, times and counts', () => {
    expect(readWrk(output(''))).toEqual({ requestsPerSecond: 40_000, p50Ms: 0.735, p99Ms: 2.87, answers: 80_000, refused: 0, broken: 0 });
  });

  it('may have a space after seconds', () => {
    expect(readWrk(output('', '    1.12s ')).p99Ms).toBe(1120);
  });

  it('has refused requests, which do not count as served', () => {
    const { requestsPerSecond, refused } = readWrk(output('  Non-2xx or 3xx responses: 20000\n'));
    expect({ requestsPerSecond, refused }).toEqual({ requestsPerSecond: 30_000, refused: 20_000 });
  });

  it('has the sum of all socket errors', () => {
    expect(readWrk(output('  Socket errors: connect 1, read 20, write 300, timeout 4000\n')).broken).toBe(4321);
  });

  it.each(['', 'unable to connect to 172.18.0.2:8083 Connection refused\n'])('is an error without results: %j', (text) => {
    expect(() => readWrk(text)).toThrow(/wrk should print/);
  });
});
