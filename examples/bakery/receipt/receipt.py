"""Writes the receipt of every order that comes by the queue. An order that cannot be read fails alone."""
import json


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            print(receipt(json.loads(record["body"])))
        except (KeyError, TypeError, ValueError) as error:
            print(f"no receipt for {record['messageId']}: {error!r}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def receipt(order):
    lines = [f"{item['quantity']} × {item['cake']}" for item in order["items"]]
    total = f"{order['totalCents'] / 100:.2f} {order['currency']}"
    return f"receipt {order['id']} for {order['customer']}: {', '.join(lines)}: {total}"
