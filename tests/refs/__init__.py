"""Tests of reference counts by equations."""
