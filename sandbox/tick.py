"""Calls a function of the embedded AWS again and again: a schedule finer than AWS's one minute.

python -m sandbox.tick PORT FUNCTION SECONDS [EVENT]
"""

import sys
import threading

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from sandbox.embedded_aws import EmbeddedAws


def main() -> None:
    port, function, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    event = (sys.argv[4] if len(sys.argv) > 4 else "{}").encode()
    client = EmbeddedAws(port).client("lambda")
    never = threading.Event()
    while not never.wait(seconds):
        try:
            answer = client.invoke(FunctionName=function, Payload=event)
        except ReadTimeoutError:
            continue  # a long sweep: it goes on by itself, and the next call finds it leased
        except (BotoCoreError, ClientError) as error:
            sys.exit(f"The embedded AWS does not answer: {error}")
        if "FunctionError" in answer:
            print(answer["Payload"].read().decode(), flush=True)


if __name__ == "__main__":
    main()
