import { provideGunicorn } from '../../providers/engine/gunicorn-image.ts';
import { findWrk } from '../../providers/wrk/find-wrk.ts';
import type { Measure } from '../figure.ts';
import { createEngineApi } from '../live/engine-api.ts';
import { measureLargeBodies } from './large-bodies.ts';
import { createPathPlace } from './path-place.ts';
import { measureRequests } from './requests.ts';

/** Measures the cost of a visitor's request in nginx, for each contender's file. */
export const measurePath: Measure = async (context) => {
  const { engine, images } = context;
  const wrk = await findWrk();
  await provideGunicorn(engine, images);
  const place = await createPathPlace(createEngineApi(engine), images);
  try {
    return [...(await measureRequests(context, place, wrk)), ...(await measureLargeBodies(context, place))];
  } finally {
    await place.remove();
  }
};
