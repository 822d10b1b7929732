import { describe, expect, it } from 'vitest';
import { readPeakMB, readTimeWaits } from '../../../bench/path/nginx-process.ts';

describe("the kernel's data about nginx", () => {
  it('has the number of sockets in TIME_WAIT', () => {
    const sockstat = 'sockets: used 6\nTCP: inuse 2 orphan 0 tw 382 alloc 40 mem 395\nUDP: inuse 1 mem 0\n';
    expect(readTimeWaits(sockstat)).toBe(382);
    expect(() => readTimeWaits('sockets: used 6\n')).toThrow(/TIME_WAIT/);
  });

  it('has the peak of the resident memory', () => {
    expect(readPeakMB('VmPeak:\t   99999 kB\nVmHWM:\t    5000 kB\nVmRSS:\t    4000 kB\n')).toBe(5.12);
    expect(() => readPeakMB('Name:\tkthreadd\n')).toThrow(/peak/);
  });
});
