'use strict';
/** The kinds of frames and the protocol's version, as in docs/guest-protocol.md. */
module.exports = {
  PROTOCOL: 1,
  FROM_HOST: { SETUP: 1, INVOKE: 2 },
  TO_HOST: {
    HELLO: 1,
    READY: 2,
    INIT_ERROR: 3,
    RESULT: 4,
    ERROR: 5,
    LAST_ERROR: 6,
    STREAM_START: 7,
    STREAM_DATA: 8,
    STREAM_END: 9,
    STREAM_DONE: 10,
    GOODBYE: 11,
    COMPILED: 12,
  },
};
