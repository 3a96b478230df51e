"""Deliveries under crashes and failing servers, at random."""

from delivery_machine import DeliveryMachine
from examples import examples
from hypothesis import settings

DeliveryMachine.TestCase.settings = settings(examples(40), stateful_step_count=25)
TestDeliveries = DeliveryMachine.TestCase
