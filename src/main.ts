#!/usr/bin/env node
import { runCommandLine } from './cli.ts';

void runCommandLine(process.argv.slice(2));
