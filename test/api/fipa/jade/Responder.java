import jade.core.AID;
import jade.core.Agent;
import jade.core.behaviours.CyclicBehaviour;
import jade.domain.DFService;
import jade.domain.FIPAAgentManagement.DFAgentDescription;
import jade.domain.FIPAAgentManagement.ServiceDescription;
import jade.lang.acl.ACLMessage;
import java.util.HashMap;
import java.util.Map;

/**
 * Does requests, refuses those that say "refuse", bids for tasks. On "ask NAME ADDRESS LANGUAGE TEXT" it asks an agent of
 * another platform, on "call NAME ADDRESS LANGUAGE TEXT" it calls it for a proposal and accepts that, and tells what came back.
 */
public class Responder extends Agent {
  private final Map<String, ACLMessage> asked = new HashMap<>();
  private final Map<String, String> bids = new HashMap<>();

  @Override
  protected void setup() {
    try {
      DFAgentDescription description = new DFAgentDescription();
      description.setName(getAID());
      ServiceDescription service = new ServiceDescription();
      service.setName("translation-service");
      service.setType("translation");
      description.addServices(service);
      DFService.register(this, description);
    } catch (Exception error) {
      throw new RuntimeException(error);
    }
    addBehaviour(new CyclicBehaviour() {
      @Override
      public void action() {
        ACLMessage message = receive();
        if (message == null) block();
        else converse(message);
      }
    });
    System.out.println("responder ready");
  }

  private void converse(ACLMessage message) {
    ACLMessage asker = asked.get(message.getConversationId());
    if (asker != null) {
      if (message.getPerformative() == ACLMessage.AGREE) return;
      if (message.getPerformative() == ACLMessage.PROPOSE) {
        bids.put(message.getConversationId(), message.getContent());
        answer(message, ACLMessage.ACCEPT_PROPOSAL, "go");
        return;
      }
      asked.remove(message.getConversationId());
      String bid = bids.remove(message.getConversationId());
      String end = ACLMessage.getPerformative(message.getPerformative()) + " from " + message.getSender().getName() + ": " + message.getContent();
      answer(asker, ACLMessage.INFORM, bid == null ? end : end + " for " + bid);
      return;
    }
    String content = message.getContent() == null ? "" : message.getContent();
    switch (message.getPerformative()) {
      case ACLMessage.REQUEST:
        if (content.startsWith("ask ")) ask(message, ACLMessage.REQUEST, content.split(" ", 5));
        else if (content.startsWith("call ")) ask(message, ACLMessage.CFP, content.split(" ", 5));
        else if (content.contains("refuse")) answer(message, ACLMessage.REFUSE, "not today");
        else {
          answer(message, ACLMessage.AGREE, "agreed");
          answer(message, ACLMessage.INFORM, "done: " + content);
        }
        break;
      case ACLMessage.CFP:
        answer(message, ACLMessage.PROPOSE, "{\"cost\": 5}");
        break;
      case ACLMessage.ACCEPT_PROPOSAL:
        answer(message, ACLMessage.INFORM, "delivered");
        break;
      default:
        break;
    }
  }

  private void ask(ACLMessage asker, int performative, String[] words) {
    ACLMessage request = new ACLMessage(performative);
    AID other = new AID(words[1], AID.ISGUID);
    other.addAddresses(words[2]);
    request.addReceiver(other);
    request.setLanguage(words[3]);
    request.setContent(words[4]);
    request.setProtocol(performative == ACLMessage.CFP ? "fipa-contract-net" : "fipa-request");
    request.setConversationId("jade-" + System.nanoTime());
    request.setReplyWith("asked-" + System.nanoTime());
    asked.put(request.getConversationId(), asker);
    send(request);
  }

  private void answer(ACLMessage message, int performative, String content) {
    ACLMessage reply = message.createReply();
    reply.setPerformative(performative);
    reply.setContent(content);
    reply.setReplyWith("reply-" + System.nanoTime());
    send(reply);
  }
}
