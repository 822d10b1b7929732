// Preloaded into the built command (`node --require`). Makes calls of Node's primitives throw if they come from a given
// function. SIGUSR2 makes it read the faults from the file that THROW_IN_FUNCTION names. Before that, nothing throws.
'use strict';
const fs = require('node:fs');
const events = require('node:events');
const util = require('node:util');
const crypto = require('node:crypto');
const path = require('node:path');

Error.stackTraceLimit = 60;
const file = process.env['THROW_IN_FUNCTION'];
const { appendFileSync, readFileSync, writeFileSync } = fs;
const { parse, stringify } = JSON;
/** The current fault: the name of a primitive, and of the function that calls it. */
let fault;

const primitives = {
  setMaxListeners: [events, 'setMaxListeners'],
  isDeepStrictEqual: [util, 'isDeepStrictEqual'],
  createHash: [crypto, 'createHash'],
  existsSync: [fs, 'existsSync'],
  rename: [fs.promises, 'rename'],
  open: [fs.promises, 'open'],
  join: [path, 'join'],
  setTimeout: [globalThis, 'setTimeout'],
  setImmediate: [globalThis, 'setImmediate'],
  min: [Math, 'min'],
  max: [Math, 'max'],
  now: [Date, 'now'],
  toISOString: [Date.prototype, 'toISOString'],
  stringify: [JSON, 'stringify'],
  flatMap: [Array.prototype, 'flatMap'],
  toSorted: [Array.prototype, 'toSorted'],
};

/** @returns whether a call must throw: it comes from the fault's function and concerns the fault's text */
function mustThrow(name, self, args) {
  if (fault?.call !== name) return false;
  const { from, about } = fault;
  fault = undefined;
  try {
    const isFrom = new RegExp(`^ +at (?:async )?(?:\\w+\\.)*(?:${from})\\d*(?: \\[as \\w+\\])? \\(`, 'm').test(
      new Error().stack.replaceAll('new ', ''),
    );
    return isFrom && (about === undefined || (stringify([self, ...args]) ?? '').includes(about));
  } finally {
    fault = { call: name, from, about };
  }
}

for (const [name, [owner, key]] of Object.entries(primitives)) {
  const original = owner[key];
  owner[key] = Object.defineProperties(function (...args) {
    if (fault !== undefined && mustThrow(name, this, args)) {
      appendFileSync(`${file}.thrown`, '.');
      throw new TypeError('thrown by a test');
    }
    return Reflect.apply(original, this, args);
  }, Object.getOwnPropertyDescriptors(original));
}

process.on('SIGUSR2', () => {
  const text = readFileSync(file, 'utf8');
  fault = parse(text) ?? undefined;
  writeFileSync(`${file}.thrown`, '');
  writeFileSync(`${file}.read`, text);
  // Outside of every part: no code of meet-gen is between these errors and the process.
  if (fault?.call === 'a timer outside all parts')
    setTimeout(() => {
      throw new TypeError('thrown by a test');
    }, 0);
  if (fault?.call === 'a promise outside all parts') void Promise.reject(new TypeError('thrown by a test'));
});
