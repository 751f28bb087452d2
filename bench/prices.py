"""Public list prices, on demand, of us-east-1 as they stood on 2026-11-22, in US dollars for one unit. No free tier.

Storage, logs, backups and data transfer are left out: they depend on how long a customer's data is kept.
"""

from __future__ import annotations

DATED = "2026-11-22"
PRICES = {
    "DynamoDB writes": 0.625e-6,  # a write request unit, its own and the indexes'
    "DynamoDB reads": 0.125e-6,  # a read request unit; a stream that Lambda reads costs nothing
    "SQS": 0.40e-6,  # a request of up to 64 KB: sent, received and deleted are one each
    "Lambda requests": 0.20e-6,
    "Lambda durations": 0.0000133334,  # a GB-second on arm64
    "API Gateway": 1.00e-6,  # a call of an HTTP API; function URLs cost nothing
    "KMS": 0.03e-4,  # a request
}
