"""Deliveries under crashes and failing servers, at random."""

from delivery_machine import DeliveryMachine
from hypothesis import HealthCheck, settings

DeliveryMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestDeliveries = DeliveryMachine.TestCase
