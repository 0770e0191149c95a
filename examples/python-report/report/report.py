"""Turns a CSV of sales into totals. Plain AWS Lambda Python: only the standard library."""

import base64
import csv
import io
import json
import logging
from decimal import Decimal, InvalidOperation

logger = logging.getLogger()
logger.setLevel(logging.INFO)

# Stop while there is still time to answer, rather than be stopped.
RESERVE_MS = 500


def handler(event, context):
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode()
    totals, rows, complete = {}, 0, True
    try:
        for row in csv.DictReader(io.StringIO(body)):
            if context.get_remaining_time_in_millis() < RESERVE_MS:
                complete = False
                break
            amount = Decimal(row["amount"])
            totals[row["product"]] = totals.get(row["product"], Decimal(0)) + amount
            rows += 1
    except (KeyError, TypeError, InvalidOperation) as error:
        return answer(400, {"message": f"line {rows + 2}: product and amount are needed ({error!r})"})

    logger.info("summed %d rows", rows)
    return answer(
        200,
        {
            "rows": rows,
            "complete": complete,
            "totals": {product: str(total) for product, total in sorted(totals.items())},
            "requestId": context.aws_request_id,
            "remainingMs": context.get_remaining_time_in_millis(),
        },
    )


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }
