import { provideMeetGenImage } from '../../support/meet-stack.ts';
import type { Measure } from '../figure.ts';
import { measureAfterEvents } from './after-events.ts';
import { measureAfterStart } from './after-start.ts';
import { measureImageSize } from './image-size.ts';
import { measureStartUp } from './start-up.ts';

const samples = 10;
const quickSamples = 3;

/** The cost of running meet-gen: memory, start-up, the image. */
export const measureFootprint: Measure = async (context) => {
  const count = context.quick ? quickSamples : samples;
  context.log('Building meet-gen from the Dockerfile');
  const image = await provideMeetGenImage(context.engine);
  return [
    ...(await measureImageSize(context, image)),
    ...(await measureStartUp(context)),
    ...(await measureAfterStart(context, image, count)),
    ...(await measureAfterEvents(context, image, count)),
  ];
};
