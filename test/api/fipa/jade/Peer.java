import jade.core.AID;
import jade.core.Agent;
import jade.core.behaviours.CyclicBehaviour;
import jade.domain.AMSService;
import jade.domain.DFService;
import jade.domain.FIPAAgentManagement.AMSAgentDescription;
import jade.domain.FIPAAgentManagement.DFAgentDescription;
import jade.domain.FIPAAgentManagement.SearchConstraints;
import jade.domain.FIPAAgentManagement.ServiceDescription;
import jade.domain.FIPANames.InteractionProtocol;
import jade.lang.acl.ACLMessage;
import jade.lang.acl.MessageTemplate;
import jade.proto.AchieveREInitiator;
import jade.proto.ContractNetInitiator;
import jade.proto.ContractNetResponder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.Vector;

/**
 * An agent made of JADE's own protocol behaviours and directory services. It bids in contract nets; on messages with the
 * ontology "command" it asks, calls, registers and searches, and informs the sender of the outcome.
 */
public class Peer extends Agent {
  private static final long TIMEOUT_MS = 15_000;

  @Override
  protected void setup() {
    addBehaviour(new Bidder(this));
    addBehaviour(new CyclicBehaviour() {
      private final MessageTemplate commands = MessageTemplate.MatchOntology("command");

      @Override
      public void action() {
        ACLMessage message = receive(commands);
        if (message == null) block();
        else obey(message);
      }
    });
    System.out.println("peer ready");
  }

  private void obey(ACLMessage command) {
    String[] words = command.getContent() == null || command.getContent().isEmpty() ? new String[] { "parameter" } : command.getContent().split(" ", 4);
    try {
      switch (words[0]) {
        case "ask":
          addBehaviour(new Asker(command, message(ACLMessage.REQUEST, InteractionProtocol.FIPA_REQUEST, words)));
          break;
        case "call":
          addBehaviour(new Caller(command, message(ACLMessage.CFP, InteractionProtocol.FIPA_CONTRACT_NET, words)));
          break;
        case "register":
          DFService.register(this, remote("df", words[1]), description(words[2]));
          answer(command, "registered");
          break;
        case "deregister":
          DFService.deregister(this, remote("df", words[1]));
          answer(command, "deregistered");
          break;
        case "agents":
          answer(command, agents(remote("ams", words[1]), Long.parseLong(words[2])));
          break;
        case "parameter":
          ACLMessage reply = command.createReply();
          reply.setPerformative(ACLMessage.INFORM);
          reply.addUserDefinedParameter("MyAnswer", "as " + command.getUserDefinedParameter("MyParam"));
          send(reply);
          break;
        default:
          throw new IllegalArgumentException(words[0]);
      }
    } catch (Exception error) {
      answer(command, error.toString());
    }
  }

  private static AID remote(String name, String address) {
    AID id = new AID(name.contains("@") ? name : name + "@caxton", AID.ISGUID);
    id.addAddresses(address);
    return id;
  }

  private static ACLMessage message(int performative, String protocol, String[] words) {
    ACLMessage message = new ACLMessage(performative);
    for (String name : words[1].split(",")) message.addReceiver(remote(name, words[2]));
    message.setProtocol(protocol);
    message.setContent(words[3]);
    message.setReplyByDate(new Date(System.currentTimeMillis() + TIMEOUT_MS));
    return message;
  }

  private DFAgentDescription description(String type) {
    DFAgentDescription description = new DFAgentDescription();
    description.setName(getAID());
    ServiceDescription service = new ServiceDescription();
    service.setName(type);
    service.setType(type);
    description.addServices(service);
    return description;
  }

  private String agents(AID ams, long most) throws Exception {
    SearchConstraints constraints = new SearchConstraints();
    constraints.setMaxResults(most);
    List<String> names = new ArrayList<>();
    for (AMSAgentDescription each : AMSService.search(this, ams, new AMSAgentDescription(), constraints))
      names.add(each.getName().getName());
    Collections.sort(names);
    return String.join(" ", names);
  }

  private void answer(ACLMessage command, String content) {
    ACLMessage reply = command.createReply();
    reply.setPerformative(ACLMessage.INFORM);
    reply.setContent(content);
    send(reply);
  }

  private static String said(ACLMessage message) {
    return ACLMessage.getPerformative(message.getPerformative()) + " " + message.getSender().getLocalName() + ": " + message.getContent();
  }

  private static class Bidder extends ContractNetResponder {
    Bidder(Agent agent) {
      super(agent, createMessageTemplate(InteractionProtocol.FIPA_CONTRACT_NET));
    }

    @Override
    protected ACLMessage handleCfp(ACLMessage cfp) {
      ACLMessage reply = cfp.createReply();
      reply.setPerformative(ACLMessage.PROPOSE);
      reply.setContent("{\"cost\": 2}");
      return reply;
    }

    @Override
    protected ACLMessage handleAcceptProposal(ACLMessage cfp, ACLMessage propose, ACLMessage accept) {
      ACLMessage reply = accept.createReply();
      reply.setPerformative(ACLMessage.INFORM);
      reply.setContent("built by " + myAgent.getLocalName());
      return reply;
    }
  }

  /** Tells all that its protocol behaviour heard, in order. */
  private class Asker extends AchieveREInitiator {
    private final ACLMessage command;
    private final List<String> heard = new ArrayList<>();

    Asker(ACLMessage command, ACLMessage request) {
      super(Peer.this, request);
      this.command = command;
    }

    @Override
    protected void handleAgree(ACLMessage message) {
      heard.add(said(message));
    }

    @Override
    protected void handleRefuse(ACLMessage message) {
      heard.add(said(message));
    }

    @Override
    protected void handleInform(ACLMessage message) {
      heard.add(said(message));
    }

    @Override
    protected void handleFailure(ACLMessage message) {
      heard.add(said(message));
    }

    @Override
    protected void handleNotUnderstood(ACLMessage message) {
      heard.add(said(message));
    }

    @Override
    protected void handleOutOfSequence(ACLMessage message) {
      heard.add("out of sequence: " + said(message));
    }

    @Override
    public int onEnd() {
      answer(command, heard.isEmpty() ? "nothing" : String.join(", ", heard));
      return super.onEnd();
    }
  }

  /** Accepts the least proposal, by its text, and rejects the others. */
  private class Caller extends ContractNetInitiator {
    private final ACLMessage command;
    private final List<String> heard = new ArrayList<>();

    Caller(ACLMessage command, ACLMessage cfp) {
      super(Peer.this, cfp);
      this.command = command;
    }

    @Override
    @SuppressWarnings({ "rawtypes", "unchecked" })
    protected void handleAllResponses(Vector responses, Vector acceptances) {
      List<ACLMessage> proposals = new ArrayList<>();
      for (ACLMessage response : (Vector<ACLMessage>) responses) {
        if (response.getPerformative() == ACLMessage.PROPOSE) proposals.add(response);
        else heard.add(said(response));
      }
      proposals.sort(Comparator.comparing(ACLMessage::getContent));
      for (ACLMessage proposal : proposals) {
        heard.add(said(proposal));
        ACLMessage reply = proposal.createReply();
        boolean isBest = proposal == proposals.get(0);
        reply.setPerformative(isBest ? ACLMessage.ACCEPT_PROPOSAL : ACLMessage.REJECT_PROPOSAL);
        reply.setContent(isBest ? "yours" : "too dear");
        acceptances.add(reply);
      }
    }

    @Override
    protected void handleInform(ACLMessage message) {
      heard.add(said(message));
    }

    @Override
    protected void handleFailure(ACLMessage message) {
      heard.add(said(message));
    }

    @Override
    public int onEnd() {
      answer(command, heard.isEmpty() ? "nothing" : String.join(", ", heard));
      return super.onEnd();
    }
  }
}
