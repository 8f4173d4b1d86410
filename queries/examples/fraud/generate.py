# SPDX-License-Identifier: Apache-2.0
"""Writes card payments as one JSON object per line: the same ones for the same count and seed.

Usage: generate.py COUNT [--seed N] [--labels] > payments.ndjson

Cards pay at home, by day, for amounts that are usual for them. A few are stolen: then payments
come in a burst, abroad, at any hour, for goods that sell again. What is known of a payment is not
always whole: here and there the country or the card's age is null.
"""
import argparse
import json
import math
import random
import signal

# Home countries of the cards: share of them.
COUNTRIES = {
    "DE": 24, "FR": 18, "GB": 16, "IT": 11, "ES": 10, "NL": 8, "PL": 6, "SE": 4, "US": 2, "BR": 1,
}
# Category of the merchant: share of the ordinary payments, usual amount, share of a thief's.
CATEGORIES = {
    "grocery": (34, 32.0, 4),
    "restaurant": (20, 27.0, 3),
    "transport": (16, 14.0, 5),
    "clothing": (10, 58.0, 12),
    "electronics": (6, 180.0, 32),
    "travel": (5, 240.0, 9),
    "gift_cards": (3, 50.0, 28),
    "pharmacy": (6, 21.0, 7),
}
# Payments per hour of the day, relative.
HOURS = [1, 1, 1, 1, 1, 2, 5, 9, 12, 11, 11, 14, 18, 15, 11, 11, 13, 18, 21, 19, 14, 9, 5, 2]
SECONDS_PER_PAYMENT = 40
CARDS = 2000  # whatever the count: payments per card and hour must not depend on it
HOUR = 3600


class Card:
    """One card's habits, and the times of its payments in the last hour."""

    def __init__(self, number, chance):
        self.number = f"c{number:05d}"
        self.country = pick(chance, COUNTRIES)
        self.spending = math.exp(chance.gauss(0, 0.45))
        self.age_days = int(chance.expovariate(1 / 700)) + 1
        self.recent = []
        self.stolen = 0  # payments that the thief still makes

    def age_at(self, at):
        """Days since the card was issued."""
        return self.age_days + int(at // (24 * HOUR))

    def pay(self, at):
        """Notes a payment and returns how many came in the hour before it."""
        self.recent = [time for time in self.recent if at - time < HOUR]
        before = len(self.recent)
        self.recent.append(at)
        return before


def pick(chance, weights):
    return chance.choices(list(weights), list(weights.values()))[0]


def usual(card, chance):
    category = pick(chance, {name: share for name, (share, _, _) in CATEGORIES.items()})
    amount = CATEGORIES[category][1] * card.spending * math.exp(chance.gauss(0, 0.6))
    at_home = chance.random() < 0.95
    return category, amount, card.country if at_home else pick(chance, COUNTRIES)


def thief(card, chance):
    category = pick(chance, {name: share for name, (_, _, share) in CATEGORIES.items()})
    amount = CATEGORIES[category][1] * (1.2 + chance.expovariate(0.8))
    abroad = chance.random() < 0.8
    return category, amount, chance.choice(["US", "BR", "PL"]) if abroad else card.country


def payments(count, seed):
    """Yields (payment, is_fraud) in the order of time."""
    chance = random.Random(seed)
    cards = [Card(number, chance) for number in range(CARDS)]
    active = []  # cards in a thief's hands
    at = 0.0
    for number in range(1, count + 1):
        hour = int(at // HOUR) % 24
        at += chance.expovariate(HOURS[hour] / 10 / SECONDS_PER_PAYMENT)
        if chance.random() < 0.006:
            card = chance.choice(cards)
            card.stolen = chance.randint(3, 9)
            active.append(card)
        fraud = bool(active) and chance.random() < 0.5
        card = chance.choice(active) if fraud else chance.choice(cards)
        category, amount, country = (thief if fraud else usual)(card, chance)
        if fraud:
            card.stolen -= 1
            if card.stolen == 0:
                active.remove(card)
        payment = {
            "id": f"p{number:07d}",
            "card": card.number,
            "amount": round(max(0.5, amount), 2),
            "country": None if chance.random() < 0.01 else country,
            "category": category,
            "card_age": None if chance.random() < 0.015 else card.age_at(at),
            "hour": int(at // HOUR) % 24,
            "n_1h": card.pay(at),
        }
        yield payment, fraud


def main():
    parser = argparse.ArgumentParser(description="Writes card payments, one JSON object per line.")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--labels", action="store_true", help="add is_fraud, for training")
    arguments = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # "| head" ends it quietly
    for payment, fraud in payments(arguments.count, arguments.seed):
        if arguments.labels:
            payment["is_fraud"] = fraud
        print(json.dumps(payment, separators=(",", ":")))


if __name__ == "__main__":
    main()
