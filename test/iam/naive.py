"""Answers IAM questions slowly and plainly: one JSON list of cases on stdin, one list of verdicts on stdout.

A second opinion for the table of decisions. It shares nothing with the product: policies are turned into
regular expressions over whole texts, facts into sets, and every rule is asked for every statement.
"""
import base64
import datetime
import ipaddress
import json
import re
import sys

ACCOUNT = "000000000000"
USERS = {"ada": f"arn:aws:iam::{ACCOUNT}:user/ada", "bob": f"arn:aws:iam::{ACCOUNT}:user/bob"}
ROLES = {"session": ("baker", "one"), "other-session": ("driver", "two")}
SERVICES = {"events": "events.amazonaws.com", "sns": "sns.amazonaws.com"}


def listed(value):
    return value if isinstance(value, list) else [value]


def expression(pattern, context, variables, segment):
    """A pattern as a regular expression; None where a variable has no value."""
    out = ""
    rest = pattern
    while rest:
        found = re.match(r"\$\{([^}]*)\}", rest) if variables else None
        if found:
            rest = rest[found.end():]
            inner = found.group(1)
            if inner in ("*", "?", "$"):
                out += re.escape(inner)
                continue
            name, _, default = inner.partition(",")
            values = context.get(name.strip().lower())
            if values is not None and len(values) == 1:
                out += re.escape(values[0])
            elif default:
                out += re.escape(default.strip()[1:-1])
            else:
                return None
        elif rest[0] == "*":
            out += segment + "*"
            rest = rest[1:]
        elif rest[0] == "?":
            out += segment
            rest = rest[1:]
        else:
            out += re.escape(rest[0])
            rest = rest[1:]
    return out


def split(pattern):
    """At the first five colons outside of variables."""
    parts, depth, part = [], 0, ""
    for index, char in enumerate(pattern):
        if pattern[index:index + 2] == "${":
            depth = 1
        if char == "}" and depth:
            depth = 0
        if char == ":" and not depth and len(parts) < 5:
            parts.append(part)
            part = ""
        else:
            part += char
    return parts + [part]


def arn_matches(pattern, arn, context, variables):
    if set(pattern) == {"*"}:
        return True
    if arn.count(":") < 5:
        return False
    parts = split(pattern)
    parts += ["*"] * (6 - len(parts))
    expressions = [expression(part, context, variables, "[^:]") for part in parts[:5]]
    expressions.append(expression(parts[5], context, variables, "[\\s\\S]"))
    if None in expressions:
        return False
    return re.fullmatch(":".join(expressions), arn) is not None


def text_matches(pattern, text, context, variables, fold=False):
    found = expression(pattern, context, variables, "[\\s\\S]")
    return found is not None and re.fullmatch(found, text, re.I if fold else 0) is not None


def plain(pattern, context, variables):
    """A text whose variables are filled in and whose wildcards mean nothing."""
    marked = pattern
    if variables:
        names = re.findall(r"\$\{([^}]*)\}", pattern)
        for inner in names:
            if inner in "*?$":
                value = inner
            else:
                name, _, default = inner.partition(",")
                values = context.get(name.strip().lower())
                value = values[0] if values and len(values) == 1 else default.strip()[1:-1] or None
            if value is None:
                return None
            marked = marked.replace("${" + inner + "}", value, 1)
    return marked


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def date(text):
    if re.fullmatch(r"\d{5,}(\.\d+)?", text):
        return float(text)
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.timezone.utc)
    return found.timestamp()


def address(text):
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def compare(operator, given, asked, context, variables):
    """Whether one value of the request matches one of the policy, negation left aside."""
    if operator in ("StringEquals", "StringEqualsIgnoreCase"):
        wanted = plain(given, context, variables)
        if wanted is None:
            return False
        return wanted == asked if operator == "StringEquals" else wanted.lower() == asked.lower()
    if operator == "StringLike":
        return text_matches(given, asked, context, variables)
    if operator in ("ArnEquals", "ArnLike"):
        return arn_matches(given, asked, context, variables)
    if operator == "Bool":
        return given.lower() == asked.lower()
    if operator == "BinaryEquals":
        return base64.b64decode(given) == base64.b64decode(asked)
    if operator == "IpAddress":
        found = address(asked)
        network = ipaddress.ip_network(given)
        return found is not None and found.version == network.version and found in network
    reader = number if operator.startswith("Numeric") else date
    left, right = reader(asked), reader(given)
    if left is None or right is None:
        return False
    how = operator.replace("Numeric", "").replace("Date", "")
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[how]


NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def condition_holds(name, key, given, context, variables):
    values = context.get(key.lower())
    given = [str(one).lower() if isinstance(one, bool) else str(one) for one in listed(given)]
    if name == "Null":
        return ("true" if not values else "false") in given
    form = ""
    if ":" in name:
        form, name = name.split(":")
    if name.endswith("IfExists"):
        if values is None:
            return True
        name = name[: -len("IfExists")]
    negated = name in NEGATED
    operator = NEGATED.get(name, name)

    def hit(value):
        some = any(compare(operator, one, value, context, variables) for one in given)
        return not some if negated else some

    if form == "ForAllValues":
        return all(hit(value) for value in values or [])
    if form == "ForAnyValue":
        return any(hit(value) for value in values or [])
    if not values:
        return negated
    return all(hit(value) for value in values) if negated else any(hit(value) for value in values)


def names(kind, value, caller):
    """How an entry of Principal names the caller: None, 'account', 'role' or 'self'."""
    if kind == "Service":
        return "self" if SERVICES.get(caller) == value else None
    if kind != "AWS":
        return None
    if value == "*":
        return "role" if caller in ROLES else "self"
    if caller in USERS and value == USERS[caller]:
        return "self"
    if caller in ROLES:
        role, session = ROLES[caller]
        if value == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}":
            return "self"
        if value == f"arn:aws:iam::{ACCOUNT}:role/{role}":
            return "role"
    if value in (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root") and (caller in USERS or caller in ROLES):
        return "account"
    return None


def naming(statement, caller):
    element = statement.get("Principal", statement.get("NotPrincipal"))
    pairs = [("AWS", "*")] if element == "*" else [(k, v) for k, vs in element.items() for v in listed(vs)]
    found = {names(kind, value, caller) for kind, value in pairs} - {None}
    if "NotPrincipal" in statement:
        return set() if found else {"role"}
    return found


def statement_applies(statement, case, context, variables):
    wanted = listed(statement.get("Action", statement.get("NotAction")))
    hit = any(text_matches(one, case["action"], {}, False, fold=True) for one in wanted)
    if hit == ("NotAction" in statement):
        return False
    if "Resource" in statement or "NotResource" in statement:
        wanted = listed(statement.get("Resource", statement.get("NotResource")))
        hit = any(arn_matches(one, case["resource"], context, variables) for one in wanted)
        if hit == ("NotResource" in statement):
            return False
    return all(
        condition_holds(name, key, given, context, variables)
        for name, keys in statement.get("Condition", {}).items()
        for key, given in keys.items()
    )


def verdict(case):
    context = {key.lower(): listed(value) for key, value in case["context"].items()}
    caller = case["caller"]

    def effects(policies, by_principal):
        found = set()
        for one in policies:
            variables = one.get("Version") == "2012-10-17"
            for statement in listed(one["Statement"]):
                if not statement_applies(statement, case, context, variables):
                    continue
                if by_principal:
                    found |= {(statement["Effect"], how) for how in naming(statement, caller)}
                else:
                    found.add((statement["Effect"], None))
        return found

    identity = effects(case["identity"], False)
    resource = effects(case["resourcePolicies"], True)
    session = None if case["session"] is None else effects([case["session"]], False)
    if any(effect == "Deny" for effect, _ in identity | resource | (session or set())):
        return "explicit-deny"
    within = session is None or ("Allow", None) in session
    if ("Allow", "self") in resource:
        return "allow"
    if within and (("Allow", "role") in resource or ("Allow", None) in identity):
        return "allow"
    return "implicit-deny"


print(json.dumps([verdict(case) for case in json.load(sys.stdin)]))
