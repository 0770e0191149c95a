/** Extensions as people write them, in Python and in a shell. */
import { PYTHON } from './rig.ts';

/**
 * An extension in Python: `api` registers and asks, `body` runs after that, with `identifier`, `next_event` and
 * `say` at hand.
 */
export function pythonExtension(body: string, events = '["INVOKE", "SHUTDOWN"]'): { program: string } {
  return {
    program: `#!${PYTHON}
import http.client, json, os, sys, time
name = os.path.basename(sys.argv[0])
host = os.environ["AWS_LAMBDA_RUNTIME_API"]
def say(*words):
    print(name, *words, flush=True)
def call(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(host)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()
def register(events, headers={}):
    return call("POST", "/2020-01-01/extension/register", json.dumps({"events": events}),
                {"Lambda-Extension-Name": name, **headers})
answer, text = register(${events})
identifier = answer.headers["Lambda-Extension-Identifier"]
def next_event():
    answer, text = call("GET", "/2020-01-01/extension/event/next", None, {"Lambda-Extension-Identifier": identifier})
    return json.loads(text)
${body}
`,
  };
}

/** Asks for one event after the other and says what it got, until it is told to end. */
export const SAY_ALL = `
while True:
    event = next_event()
    say(json.dumps(event))
    if event["eventType"] == "SHUTDOWN": break
`;

/** The least there is, in a shell. */
export const SHELL_EXTENSION = {
  program: `#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension
id=$(curl -s -D - -o /dev/null -H "Lambda-Extension-Name: \${0##*/}" -d '{"events":["SHUTDOWN"]}' "$api/register" |
  tr -d '\\r' | sed -n 's/^[Ll]ambda-[Ee]xtension-[Ii]dentifier: //p')
echo "shell got $(curl -s -H "Lambda-Extension-Identifier: $id" "$api/event/next")"
`,
};
