#!/usr/bin/python3
"""Loads our two WSDLs with zeep and lets it write a message of each operation.

    wsdl_zeep.py SYNC ASYNC     paths or URLs (…/shep/sync?wsdl)

Any fetch beyond the description itself is an error: an integrator must get everything in one file.
"""
import datetime
import sys

import zeep
from zeep.transports import Transport

SYNC = "http://bip.bee.kz/SyncChannel/v10/Types"
ASYNC = "http://bip.bee.kz/AsyncChannel/v10/Types"
CLIENT = "http://bip.bee.kz/AsyncChannel/v10/Types/Client"
NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.timezone.utc)
SENDER = {"senderId": "portal"}
GUID = "{01234567-89ab-cdef-0123-456789abcdef}"


class OneFetch(Transport):
    """Counts what zeep loads."""

    def __init__(self):
        super().__init__(timeout=10)
        self.loaded = []

    def load(self, url):
        self.loaded.append(url)
        return super().load(url)


def load(url, service, operations):
    transport = OneFetch()
    client = zeep.Client(url, transport=transport)
    assert len(transport.loaded) == 1, f"more than one fetch: {transport.loaded}"
    assert list(client.wsdl.services) == [service], list(client.wsdl.services)
    (port,) = client.wsdl.services[service].ports.values()
    got = sorted(port.binding._operations)
    assert got == sorted(operations), got
    return client


def message(client, operation, namespace, **request):
    root = client.create_message(client.service, operation, request=request)
    body = root.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    assert body[0].tag == f"{{{namespace}}}{operation}", body[0].tag
    inner = [e.tag for e in body[0].iter() if e is not body[0]]
    assert inner and not any(tag.startswith("{") for tag in inner), inner
    return body[0]


def main():
    sync = load(sys.argv[1], "ISyncChannelHttpService", ["SendMessage"])
    asynchronous = load(sys.argv[2], "AsyncChannelClientHttpService", ["sendMessage", "changeMassageStatusNotification"])
    text = zeep.xsd.AnyObject(zeep.xsd.String(), "<a/>")
    sent = message(sync, "SendMessage", SYNC,
                   requestInfo={"messageId": "m1", "serviceId": "S1", "messageDate": NOW, "sender": SENDER,
                                "properties": [{"key": "k", "value": "v"}]},
                   requestData={"data": text})
    assert [e.tag for e in sent[0][0]] == ["messageId", "serviceId", "messageDate", "sender", "properties"]
    assert sent.find("request/requestData/data").text == "<a/>"
    sent = message(asynchronous, "sendMessage", ASYNC,
                   messageInfo={"serviceId": "S1", "messageType": "REQUEST", "messageDate": NOW, "sender": SENDER},
                   messageData={"data": text})
    assert [e.tag for e in sent[0][0]] == ["serviceId", "messageType", "messageDate", "sender"]
    message(asynchronous, "changeMassageStatusNotification", CLIENT,
            notification={"notificationId": "n1", "messageId": "m1", "notificationDate": NOW, "messageState": "DELIVERED",
                          "status": {"statusCode": "OK", "statusMessage": "", "statusDate": NOW}},
            requestDate=NOW, sessionId=GUID)
    for client, name in ((sync, f"{{{SYNC}}}SendMessageFault1_SendMessageFault"),
                         (asynchronous, f"{{{ASYNC}}}sendMessageFault1_sendMessageFault"),
                         (asynchronous, f"{{{CLIENT}}}changeMassageStatusNotificationFault1_changeMassageStatusNotificationFault")):
        assert client.get_element(name).type.name == "ErrorInfo", name
    print("zeep: both descriptions load in one fetch each; 3 operations, 3 faults")


if __name__ == "__main__":
    main()
