// A partner on npm's rhea: what a badly behaved one does to the hub, and that a good one beside it
// notices nothing. Called by rhea_test.cpp: node check.js TEST HOST:PORT; prints nothing and exits
// 0, or tells what differs. The hub accepts what the target echo.in gets.
'use strict';

const rhea = require('rhea');

const [test, address] = process.argv.slice(2);
const [host, port] = address.split(':');
const login = {host, port: Number(port), username: 'echo', password: 'password of echo',
               reconnect: false, idle_time_out: 20000};

function check(name, wanted, got) {
  if (wanted === got) return;
  console.error(`${name}: wanted ${wanted}, got ${got}`);
  process.exit(1);
}

/// Sends `count` messages as far as there is credit; calls `done` once all are accepted.
function send(count, done) {
  const connection = rhea.create_container().connect(login);
  const sender = connection.open_sender('echo.in');
  let sent = 0;
  let accepted = 0;
  sender.on('sendable', () => {
    while (sent < count && sender.sendable()) {
      const body = rhea.message.data_section(Buffer.from(`<m>${sent}</m>`));
      sender.send({message_id: `m-${sent++}`, body});
    }
  });
  sender.on('accepted', () => {
    if (++accepted === count) {
      connection.close();
      done();
    }
  });
}

const tests = {
  // The same as python's: what is sent is accepted, what is refused is rejected with a reason.
  contract() {
    const connection = rhea.create_container().connect(login);
    const sender = connection.open_sender('echo.in');
    sender.once('sendable', () => {
      sender.send({message_id: 'm', body: rhea.message.data_section(Buffer.from('<refuse/>'))});
    });
    sender.on('rejected', (context) => {
      check('condition', 'masar:no', context.delivery.remote_state.error.condition);
      check('description', 'because', context.delivery.remote_state.error.description);
      connection.close();
    });
    connection.on('connection_close', () => send(20, () => {}));
  },

  // Takes what it gets and settles nothing; the hub's time-out ends it.
  silent() {
    const connection = rhea.create_container().connect(login);
    connection.open_receiver({source: 'echo.out', credit_window: 0, autoaccept: false,
                              autosettle: false}).add_credit(1);
    connection.on('message', () => console.log('taken'));
    process.stdin.on('end', () => process.exit(0)).resume();
  },

  // Sends without looking at its credit: the hub takes what it has room for and lives.
  flood() {
    const connection = rhea.create_container().connect(login);
    const sender = connection.open_sender({target: 'echo.in'});
    sender.once('sendable', () => {
      sender.has_credit = () => true;
      const body = rhea.message.data_section(Buffer.alloc(1000, 120));
      let left = 20000;
      const some = () => {
        for (let i = 0; i < 500 && left > 0 && sender.is_open(); ++i, --left) {
          try {
            sender.send({body});
          } catch (error) {
            left = 0;  // its own buffer is full: the hub reads no more
          }
        }
        if (left > 0 && !connection.is_closed()) setImmediate(some);
      };
      some();
      send(50, () => process.exit(0));
    });
    connection.on('connection_error', () => {});
    connection.on('disconnected', () => {});
  },

  // The first half of a frame, and nothing more; another is served meanwhile.
  half() {
    const connection = rhea.create_container().connect(login);
    connection.on('connection_open', () => {
      // A transfer of 200 bytes on channel 0, of which 20 come.
      const frame = Buffer.alloc(20);
      frame.writeUInt32BE(200, 0);
      frame.writeUInt8(2, 4);
      connection.socket.write(frame);
      send(20, () => process.exit(0));
    });
    connection.on('disconnected', () => {});
  },
};

process.on('uncaughtException', (error) => {
  console.error(String(error));
  process.exit(1);
});
tests[test]();
