"""A cluster of RabbitMQ, of which a node is killed while boards send."""
