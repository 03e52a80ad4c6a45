"""The whole product on a simulated WhatsApp: `./run demo`.

Nothing of the product imports this package; it imports the product and the simulator.
"""
