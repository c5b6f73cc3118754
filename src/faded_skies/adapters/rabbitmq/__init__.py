"""RabbitMQ: the broker that hears of every event, over AMQP."""
